<#-- A passkey that failed; Keycloak's page hides the button that tries again. -->
<#import "template.ftl" as layout>
<#import "buttons.ftl" as buttons>
<@layout.registrationLayout; section>
    <#if section = "header">
        ${msg("webauthn-error-title")}
    <#elseif section = "form">
        <form id="kc-error-credential-form" class="${properties.kcFormClass!}" action="${url.loginAction}" method="post">
            <input type="hidden" name="authenticationExecution" value="${execution}">
            <input type="hidden" name="isSetRetry" value="retry">
            <@buttons.button id="kc-try-again" name="try-again" label="doTryAgain"/>
        </form>
        <#if isAppInitiatedAction??>
            <form id="kc-webauthn-settings-form" class="attache-below" action="${url.loginAction}" method="post">
                <button class="${properties.kcButtonSecondaryClass} ${properties.kcButtonBlockClass}" type="submit" name="cancel-aia" value="true">${msg("doCancel")}</button>
            </form>
        </#if>
    </#if>
</@layout.registrationLayout>
