<#import "template.ftl" as layout>
<#include "/invitation.ftl">
<@layout.emailLayout>
<#if activating>
<p>${msg("attacheHello")} <bdi>${person}</bdi>${msg("attacheHelloEnd")}</p>
<#if companies?has_content>
<p><#if inviter?has_content><strong><bdi>${inviter}</bdi></strong> ${msg("attacheInvitesYou")}<#else>${msg("attacheYouAreInvited")}</#if></p>
<ul>
<#list companies as company>
<li><strong><bdi>${line(company)}</bdi></strong></li>
</#list>
<#if others gt 0>
<li>${msg("attacheOthers", others)}</li>
</#if>
</ul>
<#else>
<p>${msg("attacheAccountForYou")}</p>
</#if>
<p>${msg("attacheWhatItIs")}</p>
<p><a class="button" href="${address}">${msg("attacheActivate")}</a></p>
<p class="small">${msg("attacheBareLink")}<br><a class="bare" href="${address}">${address}</a></p>
<p>${msg("attacheWorks")} ${linkExpirationFormatter(linkExpiration)}${msg("attacheUntil")} <strong>${until}</strong>${msg("attacheAfterwards")}</p>
<p>${msg("attacheNotYou")}</p>
<#else>
<#assign requiredActionsText><#list requiredActions![] as action>${msg("requiredAction.${action}")}<#sep>, </#list></#assign>
<p>${msg("attacheToDo")} ${requiredActionsText}${msg("attacheToDoEnd")}</p>
<p><a class="button" href="${address}">${msg("attacheContinue")}</a></p>
<p class="small">${msg("attacheBareLink")}<br><a class="bare" href="${address}">${address}</a></p>
<p>${msg("attacheWorks")} ${linkExpirationFormatter(linkExpiration)}${msg("attacheUntil")} <strong>${until}</strong>.</p>
<p>${msg("attacheNotYouToDo")}</p>
</#if>
</@layout.emailLayout>
