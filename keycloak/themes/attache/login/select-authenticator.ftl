<#-- The choice between several ways to sign in; Keycloak's is made of boxes that a keyboard reaches and cannot press. -->
<#import "template.ftl" as layout>
<@layout.registrationLayout displayInfo=false; section>
    <#if section = "header">
        ${msg("loginChooseAuthenticator")}
    <#elseif section = "form">
        <form id="kc-select-credential-form" class="${properties.kcFormClass!}" action="${url.loginAction}" method="post">
            <ul class="attache-choices" role="list">
                <#list auth.authenticationSelections as way>
                    <li>
                        <button class="${properties.kcButtonSecondaryClass} ${properties.kcButtonBlockClass} attache-choice" type="submit" name="authenticationExecution" value="${way.authExecId}">
                            <span class="attache-choice-name">${msg(way.displayName)}</span>
                            <span class="attache-choice-help">${msg(way.helpText)}</span>
                        </button>
                    </li>
                </#list>
            </ul>
        </form>
    </#if>
</@layout.registrationLayout>
