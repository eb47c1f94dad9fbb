<#-- The question before signing out; Keycloak's, whose button jumps the order of the keyboard. -->
<#import "template.ftl" as layout>
<#import "buttons.ftl" as buttons>
<@layout.registrationLayout; section>
    <#if section = "header">
        ${msg("logoutConfirmTitle")}
    <#elseif section = "form">
        <div id="kc-logout-confirm">
            <p class="instruction">${msg("logoutConfirmHeader")}</p>
            <form action="${url.logoutConfirmAction}" method="post">
                <input type="hidden" name="session_code" value="${logoutConfirm.code}">
                <@buttons.button id="kc-logout" name="confirmLogout" label="doLogout"/>
            </form>
            <#if !logoutConfirm.skipLink && (client.baseUrl)?has_content>
                <p class="instruction"><a href="${client.baseUrl}">${msg("backToApplication")}</a></p>
            </#if>
        </div>
    </#if>
</@layout.registrationLayout>
