<#-- Under every page; the language list above works by script alone. -->
<#macro content>
<noscript>
    <ul class="attache-languages">
        <#list (locale.supported)![] as other>
        <#if other.languageTag != locale.currentLanguageTag>
        <li><a href="${other.url}" lang="${other.languageTag}">${other.label}</a></li>
        </#if>
        </#list>
    </ul>
</noscript>
</#macro>
