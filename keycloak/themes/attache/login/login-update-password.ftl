<#-- Choosing a password. Keycloak's page warns of it with a triangle, and offers to end other sessions to somebody who has
     none yet. Here a link of a mail ends them without asking; only who changes the password from the portal is asked. -->
<#import "template.ftl" as layout>
<#import "password-commons.ftl" as passwordCommons>
<#import "field.ftl" as field>
<#import "buttons.ftl" as buttons>
<#import "password-validation.ftl" as validator>
<#assign asked = message?has_content && message.type == "warning">
<@layout.registrationLayout displayMessage=!asked && !messagesPerField.existsError('password','password-confirm'); section>
    <#if section = "header">
        ${msg("updatePasswordTitle")}
    <#elseif section = "form">
        <#if asked && !isAppInitiatedAction??>
            <p class="instruction">${message.summary}</p>
        </#if>
        <form id="kc-passwd-update-form" class="${properties.kcFormClass!}" action="${url.loginAction}" method="post" novalidate="novalidate"
              data-realm="${url.loginAction?keep_before("/login-actions/")}" data-client="${(client.clientId)!}" data-portal="${(client.baseUrl)!}" data-minimum="${passwordPolicies.length!1}">
            <input type="text" id="username" name="username" value="${username!}" autocomplete="username" readonly hidden>
            <@field.password name="password-new" label=msg("passwordNew") fieldName="password" autocomplete="new-password" autofocus=true />
            <@field.password name="password-confirm" label=msg("passwordConfirm") autocomplete="new-password" />
            <#if isAppInitiatedAction??>
                <div class="${properties.kcFormGroupClass!}">
                    <@passwordCommons.logoutOtherSessions/>
                </div>
            <#else>
                <input type="hidden" name="logout-sessions" value="on">
            </#if>
            <@buttons.actionGroup horizontal=true>
                <@buttons.button id="kc-submit" name="login" label="doSubmit"/>
                <#if isAppInitiatedAction??>
                    <@buttons.button id="kc-cancel" label="doCancel" name="cancel-aia" type="secondary"/>
                </#if>
            </@buttons.actionGroup>
        </form>
        <@validator.templates/>
        <@validator.script field="password-new"/>
        <#if (client.baseUrl)?has_content && !isAppInitiatedAction??>
            <script src="${url.resourcesPath}/js/first-password.js" defer></script>
        </#if>
    </#if>
</@layout.registrationLayout>
