<#-- What went wrong, and what to do. Of a mail's link that is refused, Keycloak gives this page the message alone: neither
     the person nor the company, so the page refers to the mail, which names who invites. -->
<#import "template.ftl" as layout>
<#assign causes = {
    msg("expiredActionTokenNoSessionMessage"): {"title": "attacheGoneTitle", "steps": ["attacheNewest", "attacheAsk", "attacheActive"]},
    msg("expiredActionMessage"): {"title": "attacheGoneTitle", "steps": ["attacheActive", "attacheAsk"]},
    msg("invalidUserMessage"): {"title": "attacheGoneTitle", "happened": "attacheCancelled", "steps": ["attacheNewest", "attacheAskForAccess"]},
    msg("invalidEmailMessage"): {"title": "attacheGoneTitle", "happened": "attacheCorrected", "steps": ["attacheCorrectedMail", "attacheAsk"]},
    msg("invalidCodeMessage"): {"title": "attacheBrokenTitle", "steps": ["attacheWhole", "attacheAsk", "attacheStartAgain"]}
}>
<#assign cause = causes[message.summary]!{}>
<#-- Where somebody else is signed in, Keycloak's language list leads to the link without its key: an invalid request. -->
<#assign elsewhere = ((locale.supported?first.url)!"")>
<#if elsewhere?contains("/action-token") && !elsewhere?contains("key=")>
    <#global locale = locale + {"supported": []}>
</#if>
<@layout.registrationLayout displayMessage=false; section>
    <#if section = "header">
        ${msg(cause.title!"errorTitle")}
    <#elseif section = "form">
        <div id="kc-error-message">
            <p class="instruction"><#if cause.happened??>${msg(cause.happened)}<#else>${kcSanitize(message.summary)?no_esc}</#if></p>
            <#if cause.steps??>
            <ul class="instruction">
                <#list cause.steps as step>
                <li>${msg(step)}</li>
                </#list>
            </ul>
            </#if>
            <#if traceId??>
                <p class="instruction" id="traceId">${msg("traceIdSupportMessage", traceId)}</p>
            </#if>
            <#if !skipLink?? && (client.baseUrl)?has_content>
                <p><a id="backToApplication" class="${properties.kcButtonPrimaryClass} ${properties.kcButtonBlockClass}" href="${client.baseUrl}">${msg("attacheGoToPortal")}</a></p>
            </#if>
        </div>
        <script src="${url.resourcesPath}/js/mail-link.js" type="module"></script>
    </#if>
</@layout.registrationLayout>
