<#-- What went wrong, and the way on. -->
<#import "template.ftl" as layout>
<#assign used = message.summary == msg("expiredActionMessage")>
<#assign expired = message.summary == msg("expiredActionTokenNoSessionMessage")>
<@layout.registrationLayout displayMessage=false; section>
    <#if section = "header">
        ${(expired || used)?then(msg("attacheExpiredTitle"), msg("errorTitle"))}
    <#elseif section = "form">
        <div id="kc-error-message">
            <p class="instruction">${kcSanitize(message.summary)?no_esc}</p>
            <#if expired>
            <ul class="instruction">
                <li>${msg("attacheExpiredNewest")}</li>
                <li>${msg("attacheExpiredAsk")}</li>
                <li>${msg("attacheExpiredActive")}</li>
            </ul>
            </#if>
            <#if traceId??>
                <p class="instruction" id="traceId">${msg("traceIdSupportMessage", traceId)}</p>
            </#if>
            <#if !skipLink?? && (client.baseUrl)?has_content>
                <p><a id="backToApplication" class="${properties.kcButtonPrimaryClass} ${properties.kcButtonBlockClass}" href="${client.baseUrl}">${msg("attacheGoToPortal")}</a></p>
            </#if>
        </div>
    </#if>
</@layout.registrationLayout>
