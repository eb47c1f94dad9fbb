<#-- The layout of every mail, that of the portal's own (webapp/templates/mails/layout.html; a test compares the
     style). Nothing is fetched when it is read: no picture, no font. -->
<#macro emailLayout>
<!doctype html>
<html lang="${locale.language}" dir="${(ltr)?then('ltr','rtl')}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Attaché</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; padding: 24px 12px; background: #f4f7f8; color: #17252c; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; }
.sheet { max-width: 560px; margin: 0 auto; padding: 24px; border: 1px solid #d6dfe3; border-top: 4px solid #0b5c6b; border-radius: 8px; background: #fff; overflow-wrap: anywhere; }
.brand { margin: 0 0 16px; color: #0b5c6b; font-size: 20px; font-weight: bold; }
a { color: #0b5c6b; }
.button { display: inline-block; padding: 12px 20px; border-radius: 8px; background: #0b5c6b; color: #fff; font-weight: bold; text-decoration: none; }
.bare { word-break: break-all; }
.small { color: #4a5b64; font-size: 14px; }
td { min-width: 80px; padding: 4px 12px 4px 0; vertical-align: top; }
@media (max-width: 520px) {
tr, td { display: block; }
tr { margin-bottom: 12px; }
}
@media (prefers-color-scheme: dark) {
body { background: #10181c; color: #e6edf0; }
.sheet { border-color: #31424b; border-top-color: #74cbd9; background: #182329; }
.brand, a { color: #74cbd9; }
.button { background: #74cbd9; color: #06242b; }
.small { color: #a9b8bf; }
}
</style>
</head>
<body>
<div class="sheet" role="main">
<h1 class="brand">Attaché</h1>
<#nested>
<p class="small">${msg("attacheMachine")}</p>
</div>
</body>
</html>
</#macro>
