# Who asks, and what is demanded
who-title = Who asks you to sign in
who-purpose = Purpose:
who-policy = Privacy notice of this service
test-title = Test access
test-text = This service is connected for tests only. Nothing you do there has any effect.
why-basic = Signing in with e-mail address and password is enough for this.
why-low = At least this level of assurance is required. Your password alone is not enough; your online ID card is.
why-substantial = At least this level of assurance is required: your identity must be proven. Your online ID card does that.
why-high = This level of assurance is required: your identity must be proven with your online ID card.
cancel = Cancel

# Signing in
login-title = Sign in
login-again-title = Please sign in again
login-select-title = Which account do you want to sign in with?
login-known = You are signed in as { $address }. Please confirm it for this service with your password.
login-other = Sign in with another account
login-somebody-else-title = This service expects a certain account
login-somebody-else = You are signed in with another one. Please sign in with the account you use there.
login-no-password = This service does not allow signing in with a password.
login-email = E-mail address
login-password = Password
login-submit = Sign in
login-no-account = No account yet?
login-register = Create an account
login-card-title = With your online ID card
login-card-text = If your ID card is already linked to your account, you can sign in without a password.
login-card = Sign in with online ID card
login-email-missing = Enter your e-mail address, for example name@example.org
login-password-missing = Enter your password
login-wrong = E-mail address or password is not right.
login-release = Was it not you? Release this device with a code by e-mail
login-blocked = Too many failed attempts. The password accepts no sign-in for a while, at most 24 hours. You can still sign in with your online ID card.
login-busy-title = Very many people are signing in right now
login-busy = Please reload the page in a few seconds and try again.
account-disabled-title = This account is disabled
account-disabled = You cannot sign in with it at the moment. Your data and messages are kept. Please contact whoever runs this service; how to reach them is in the legal notice (Impressum).

# Creating an account
register-title = Create an account
register-step-1 = E-mail address and password
register-step-2 = Enter the code
register-email = E-mail address
register-email-hint = We will send a code to this address.
register-email-bad = This is not a valid e-mail address. Enter it like this: name@example.org
register-password = Password
register-password-hint = At least 8 characters. Several words that only you would put together are good.
register-password-short = The password needs at least 8 characters.
register-password-long = The password may have at most 128 characters.
register-password-common = This password is too easy to guess. Please choose another one.
register-password-breached = This password is on lists of stolen passwords. Please choose another one.
register-data = We store your e-mail address encrypted, and your password so that nobody can read it.
register-submit = Send code
register-have-account = You already have an account?
register-too-many = Several e-mails went to this address within the last hour. Please wait an hour and look into your spam folder too.
confirm-title = Enter the code
confirm-text = We have sent an e-mail to the address you gave. Enter the code from it. It is valid for 10 minutes.
confirm-code = Code
confirm-code-hint = Six digits
confirm-submit = Create account
confirm-wrong = This code is not right. Check the digits in the e-mail.
confirm-spent-title = The code is no longer valid
confirm-spent = It has run out, or was entered wrongly too often. Please ask for a new one.
confirm-again = Ask for a new code
confirm-no-mail = Got no e-mail?

# Being set up
waiting-title = Your account is being set up
waiting-text = This usually takes only a few seconds. The page goes on by itself.
waiting-go-on = Continue

# Raising the level
step-up-title = Please prove your identity
step-up-have = You are signed in at the level of assurance “{ $level }”. That is not enough for this service.
step-up-offer = You are signed in at the level of assurance “{ $level }”. The service prefers a higher one but accepts this one too.
step-up-hopeless = None of the ways to sign in that are open to you for this service reaches the level of assurance it demands.
step-up-text = You prove your identity online with your German identity card, electronic residence permit or eID card for EU citizens. Name, date and place of birth, address and nationality are read and stored in your account.
step-up-card = Online ID card
step-up-skip = Continue without the card
eid-purpose-login = Signing in to the service account for “{ $client }”
eid-purpose-raise = Proving your identity in the service account for “{ $client }”

# What the card said
card-cancelled-title = You cancelled
card-cancelled = No data were taken over. You can try again.
card-failed-title = The card could not be read
card-failed = It may have expired or be blocked, or the connection was interrupted. No data were taken over.
card-open-title = The identification is not finished yet
card-open = Please complete it first.
card-unknown-title = This identification is no longer valid
card-unknown = It has run out, was used before or belongs to another sign-in. Please start again.
card-other-account-title = This card cannot be used here
card-other-account = It is already linked to another account. A card always belongs to exactly one account. Sign in with the online ID card to use that account.
card-other-person-title = This card belongs to somebody else
card-other-person = Name or date of birth differ from the card that is already linked to your account. No data were taken over. If your name has changed, please contact the help desk.
card-not-bound-title = This card belongs to no account yet
card-not-bound = Sign in with e-mail address and password first, or create an account. Then you can link the card.
card-back = Back to signing in

# For whom somebody acts
act-for-title = For whom do you act?
act-for-told = If you act for somebody, { $client } learns your right to do so and, of the organisation or person: { $claims }. Your own account stays yours.
act-for-legend = I act
act-for-myself = for myself
act-for-organisation = Organisation
act-for-person = Person who gave you a mandate
act-for-too-low = This needs the trust level { $level }; the next step asks for it.
act-for-more = Show more
act-for-submit = Continue
act-for-missing = Choose for whom you act.
act-for-not-allowed = You have no right to this choice here, or no longer. Please choose again.
act-for-nobody-title = You cannot act for anybody here
act-for-nobody = This service is only for people who act for an organisation or another person. With this account you have no right to do so here. Ask the organisation or the person to give it to you.
act-for-other = Log in with another account
act-for-claim-name = name
act-for-claim-legal-form = legal form
act-for-claim-register-kind = kind of register
act-for-claim-register-court = register court
act-for-claim-register-number = register number

# Consent
consent-title = Pass on data?
consent-who = “{ $client }” ({ $tenant }) would like to receive data from your account. Only what is listed here is passed on, and only if you agree.
consent-purpose = Purpose:
consent-purpose-none = The service gave no purpose.
consent-required = The service needs these data
consent-optional = You may pass on these data voluntarily
consent-origin = Source: { $source }, level of assurance: { $level }
consent-missing = Not in your account and therefore not passed on:
consent-scopes = The service may also
consent-withdraw = Your consent holds until you withdraw it in your account. There you also see who received which data and when.
consent-allow = Agree and continue
consent-deny = Decline
scope-postbox = know your postbox, to deliver letters to you
scope-locale = learn the language of your account
scope-offline_access = access the data listed even when you are not signed in
scope-account-read = read your account data
scope-account-write = change account data you entered yourself
scope-organisation-read = see your organisations
scope-organisation-write = create and manage organisations for you
scope-postbox-read = read your letters
scope-postbox-deliver = deliver letters
scope-account-documents = fetch documents that somebody released to you
scope-account-support = look into accounts (operators)
scope-organisation-admin = check the proofs of organisations (operators)
scope-postbox-admin = administer the postbox (operators)
scope-identity-self = see and end your sign-ins
source-self-declared = stated by you
source-confirmed = confirmed
source-eid = online ID card
source-upstream = another account
source-certificate = certificate
source-operator = checked by an authority
attribute-not-applicable = not applicable
attribute-salutation = Salutation
attribute-title = Doctoral degree
attribute-given-name = Given names
attribute-family-name = Family name
attribute-birth-name = Name at birth
attribute-date-of-birth = Date of birth
attribute-place-of-birth = Place of birth
attribute-nationality = Nationality
attribute-street-and-building = Street and number
attribute-street = Street (without house number)
attribute-house-number = House number
attribute-zip-code = Postcode
attribute-city = Town
attribute-country = Country
attribute-email = E-mail address
attribute-telephone = Telephone
attribute-demail = De-Mail address
attribute-document-type = Kind of card
attribute-community-id = Community key
attribute-eidas-country = Issuing country

# Signing out
logout-title = Do you want to sign out?
logout-text = You will then be signed out of every service you signed in to with this account in this browser.
logout-submit = Sign out
logout-stay = Stay signed in
logout-bad-title = Sign-out not possible
logout-bad = The service you came from asked for the sign-out in a wrong way. You are still signed in.
logout-bad-detail = For finding the cause
logged-out-title = You are signed out
logged-out = On somebody else's device, please close the browser too.

# Trouble
other-browser-title = This sign-in belongs to another browser
other-browser = A sign-in can only be continued in the browser in which it began. Please open the service again. Your browser must accept cookies of this website.
over-title = This sign-in has run out
over = It was finished before or took too long. Please open the service again.
home = To the start page

# Back to the service
form-post-title = Back to the service
form-post-text = One click takes you back to the service.
form-post-submit = Back to the service

# With the account of another state or provider
upstream-title = With another account
upstream-text = You sign in there and come back here afterwards.
upstream-with = Continue with { $name }
upstream-back = Back
upstream-cancelled-title = You cancelled
upstream-cancelled = Signing in was cancelled at the other account. No data were taken over.
upstream-down-title = The other account cannot be reached right now
upstream-down = Please try again in a few minutes, or sign in another way.
upstream-failed-title = Signing in was not confirmed
upstream-failed = The other account's answer could not be verified. No data were taken over.
upstream-off-title = This account cannot be used here
upstream-off = Sign-ins from there are not accepted at present.
upstream-unknown-title = This sign-in is no longer valid
upstream-unknown = It has run out, was used before or belongs to another browser. Please start again.
upstream-low-title = The other account is not enough for this service
upstream-low = It confirmed your identity at the level of assurance “{ $level }”. This service demands “{ $needed }”. You can prove your identity another way or cancel.
upstream-address-title = You already have an account here
upstream-address = Please sign in with your own credentials here first. Then you can link the other account to it.
upstream-not-fresh-title = Please sign in again first
upstream-not-fresh = Another account can only be linked shortly after signing in, at the highest level of assurance that protects your account.
upstream-other-account-title = The other account is linked already
upstream-other-account = It belongs to another account here. Sign in with it to use that account.
upstream-recycled-title = This sign-in does not fit your account
upstream-recycled = Name or date of birth differ from those the account was linked with. You were not signed in. Please sign in another way or contact the help desk.
upstream-other-person-title = This is somebody else's account
upstream-other-person = Name or date of birth differ from your account. Nothing was linked.
upstream-ask-title = Link the account?
upstream-ask = “{ $name }” confirmed who you are and is not linked to any account here yet.
upstream-ask-meaning = If you link it to your account, you can also sign in with it from now on. You can end the link in your account at any time.
upstream-ask-submit = Link
upstream-ask-decline = Do not link
upstream-link-title = Link an account
upstream-link = Link your account with “{ $name }”. You sign in there and come back here afterwards.
upstream-link-submit = Sign in there
upstream-linked-title = The account is linked
upstream-linked = From now on you can also sign in with it.
upstream-account = To your account

# Once, without an account
guest-title = Once, without an account
guest-text = You identify yourself with your ID card and have no account and no mailbox afterwards. What the card says goes to this service only with your consent and is not kept here. Replies reach you in another way, by post for example.
guest-submit = Log in once with the ID card, without an account
eid-purpose-guest = Log in once without an account at “{ $client }”
guest-who = “{ $client }” ({ $tenant }) asks for data from your ID card. Only what is shown here is passed on, and only if you agree.
guest-missing = Not on your card, and so not passed on:
guest-once = Your consent is for this one time. When you are done, nothing of you stays here.
guest-logout = You are logged in once and without an account. After you log out, nothing of you stays here.
guest-keep-title = An account after all?
guest-keep-text = You can make an account of it: with an e-mail address and a password, connected to the ID card you have just shown, and with what it says. You then have a mailbox as well. The one-time log-in ends with that.
guest-keep = Keep as an account
register-card-title = With an ID card
register-card = Your new account will be connected with the ID card of { $name }. If that is not you, cancel.
guest-has-account-title = You have an account already
guest-has-account = The ID card you have shown belongs to an account already. Your one-time log-in has ended; nothing was changed in that account. You can log in to it with the card.
guest-has-account-go = To the log-in
