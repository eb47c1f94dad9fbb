<#-- What an activation mail says, for both of its parts. Names are somebody else's: one line each, and never the
     argument of a message, where Keycloak would look for a key. -->
<#setting locale=locale.language>
<#setting time_zone=properties.timeZone>
<#function line text>
    <#return text?replace("[\\p{Cntrl}\\p{Z}]+", " ", "r")?trim>
</#function>
<#-- The link also says whose pages it opens and in which language, for a page that refuses it. The key is not at the end,
     where a mail program adds a sign or cuts. -->
<#assign address = link?replace("?", "?client_id=" + properties.portalClient + "&kc_locale=" + locale.language + "&", "f") + "&from=mail">
<#assign activating = (requiredActions![])?size == 1 && requiredActions[0] == "VERIFY_EMAIL">
<#assign kept = (user.attributes.invitation)!"">
<#assign invitation = kept?starts_with("{")?then(kept, "{}")?eval_json>
<#assign inviter = line(invitation.by!"")>
<#assign companies = invitation.to![]>
<#assign others = invitation.others!0>
<#assign person = line((user.firstName!"") + " " + (user.lastName!""))>
<#assign ends = (.now?long + linkExpiration * 60000)?number_to_datetime>
<#assign day = ends?string("d")>
<#if locale.language == "fr">
<#assign until = (day == "1")?then("1er", day) + ends?string(" MMMM yyyy 'à' HH:mm")>
<#else>
<#assign until = day + ends?string(" MMMM yyyy 'at' HH:mm")>
</#if>
