<#ftl output_format="plainText">
<#include "/invitation.ftl">
<#if activating>
${msg("attacheHello")} ${person}${msg("attacheHelloEnd")}

<#if companies?has_content>
<#if inviter?has_content>${inviter} ${msg("attacheInvitesYou")}<#else>${msg("attacheYouAreInvited")}</#if>

<#list companies as company>
- ${line(company)}
</#list>
<#if others gt 0>
- ${msg("attacheOthers", others)}
</#if>
<#else>
${msg("attacheAccountForYou")}
</#if>

${msg("attacheWhatItIs")}

${msg("attacheOpenLink")}

${address}

${msg("attacheWorks")} ${linkExpirationFormatter(linkExpiration)}${msg("attacheUntil")} ${until}${msg("attacheAfterwards")}

${msg("attacheNotYou")}
<#else>
<#assign requiredActionsText><#list requiredActions![] as action>${msg("requiredAction.${action}")}<#sep>, </#list></#assign>
${msg("attacheToDo")} ${requiredActionsText}${msg("attacheToDoEnd")}

${address}

${msg("attacheWorks")} ${linkExpirationFormatter(linkExpiration)}${msg("attacheUntil")} ${until}.

${msg("attacheNotYouToDo")}
</#if>

${msg("attacheMachine")}
