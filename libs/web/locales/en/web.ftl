# Texts shared by all pages
skip-to-content = Skip to content
sandbox-title = Test environment
sandbox-text = Nothing here is legally valid. Please do not enter real data.
nav-main = Main navigation
nav-language = Language
nav-footer = Legal information
nav-pages = Pages
person-signed-in = Signed in as
person-logout = Sign out
back = Back
title-error = Error:
errors-title = { $n ->
    [one] Please check one entry
   *[other] Please check { $n } entries
}
optional = optional
steps-of = Step { $n } of { $of }
pages-previous = Previous page
pages-next = Next page
pages-of = Page { $n } of { $of }
source = Source: { $source }
level = Level of assurance
level-of = { $n } of 4
level-basic = basic registration
level-low = low
level-substantial = substantial
level-high = high
error-reference = Reference number for enquiries:
error-home = Go to the start page

# Error pages: heading and text
problem-invalid = Something is missing
problem-invalid-text = We cannot use this link or form. Please go back and try again.
problem-sign-in = Please sign in
problem-sign-in-text = Only people who are signed in can see this page. Your session may have expired.
problem-forbidden = That is not possible here
problem-forbidden-text = You are not allowed to see this page or to take this step.
problem-form-expired = This form is no longer valid
problem-form-expired-text = Nothing was saved. Please go back, reload the page and send the form again. Your browser has to accept cookies from this website.
problem-cross-origin = This request came from another website
problem-cross-origin-text = For your protection it was not carried out. Please open the page you want directly on our website.
problem-not-found = This page does not exist
problem-not-found-text = The address may be incomplete, or the page has been removed.
problem-conflict = Something has changed in the meantime
problem-conflict-text = Please reload the page and check whether your step is still needed.
problem-expired = This has expired
problem-expired-text = This link or process was valid for a short time only. Please start again.
problem-too-large = That is too large
problem-too-large-text = What you sent exceeds the permitted size. Nothing was saved.
problem-too-many = Too many attempts
problem-too-many-text = Please wait a moment and then try again.
problem-unavailable = The service cannot be reached right now
problem-unavailable-text = Please try again in a few minutes. Your data is safe.
problem-internal = Something went wrong
problem-internal-text = The fault is ours. Please try again later.
