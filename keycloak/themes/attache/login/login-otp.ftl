<#-- The code of an application; of several, Keycloak's page lets only a mouse choose one. -->
<#import "template.ftl" as layout>
<#import "field.ftl" as field>
<#import "buttons.ftl" as buttons>
<@layout.registrationLayout displayMessage=!messagesPerField.existsError('totp'); section>
    <#if section = "header">
        ${msg("doLogIn")}
    <#elseif section = "form">
        <form id="kc-otp-login-form" class="${properties.kcFormClass!}" action="${url.loginAction}" method="post">
            <#if otpLogin.userOtpCredentials?size gt 1>
                <@field.group name="selectedCredentialId" label=msg("attacheDevice")>
                    <span class="${properties.kcInputClass}">
                        <select id="selectedCredentialId" name="selectedCredentialId">
                            <#list otpLogin.userOtpCredentials as device>
                                <option value="${device.id}"<#if device.id == otpLogin.selectedCredentialId!""> selected</#if>>${device.userLabel!}</option>
                            </#list>
                        </select>
                    </span>
                </@field.group>
            <#else>
                <input type="hidden" name="selectedCredentialId" value="${otpLogin.selectedCredentialId!}">
            </#if>
            <@field.input name="otp" label=msg("loginOtpOneTime") autocomplete="one-time-code" fieldName="totp" autofocus=true />
            <@buttons.loginButton />
        </form>
    </#if>
</@layout.registrationLayout>
