<#-- What Keycloak tells between two steps: before the actions of a mail's link, after them, after signing out.
     The first is why a mail scanner that opens the link changes nothing: it has to be pressed by somebody. -->
<#import "template.ftl" as layout>
<#assign activating = (requiredActions![])?size == 1 && requiredActions[0] == "VERIFY_EMAIL" && actionUri?has_content>
<#-- The page in another language keeps nothing but its message. -->
<#assign ready = pageRedirectUri?has_content || (!messageHeader?? && message.summary == msg("accountUpdatedMessage") && (client.baseUrl)?has_content)>
<#-- The portal's start page only shows what it is; this button leads to the sign-in. -->
<#function signIn address>
    <#return (address == (client.baseUrl)!"")?then(address + "login", address)>
</#function>

<#macro onward address label>
    <p><a class="${properties.kcButtonPrimaryClass} ${properties.kcButtonBlockClass}" href="${address}">${msg(label)}</a></p>
</#macro>

<@layout.registrationLayout displayMessage=false; section>
    <#if section = "header">
        <#if activating>
            ${msg("attacheActivateTitle")}
        <#elseif ready>
            ${msg("attacheReadyTitle")}
        <#elseif messageHeader??>
            ${kcSanitize(msg("${messageHeader}"))?no_esc}
        <#else>
            ${message.summary}
        </#if>
    <#elseif section = "form">
    <div id="kc-info-message">
        <#if activating>
            <p class="instruction">${msg("attacheActivateText")}</p>
        <#elseif ready>
            <p class="instruction" data-account-ready>${msg("attacheReadyText")}</p>
        <#elseif requiredActions??>
            <ul class="instruction"><#list requiredActions as action><li>${msg("requiredAction.${action}")}</li></#list></ul>
        <#elseif messageHeader??>
            <p class="instruction">${message.summary}</p>
        </#if>
        <#if !skipLink??>
            <#if ready>
                <@onward signIn(pageRedirectUri!client.baseUrl) "attacheGoToPortal"/>
            <#elseif actionUri?has_content>
                <@onward actionUri "doContinue"/>
            <#elseif (client.baseUrl)?has_content>
                <@onward client.baseUrl "attacheGoToPortal"/>
            </#if>
        </#if>
    </div>
    </#if>
</@layout.registrationLayout>
