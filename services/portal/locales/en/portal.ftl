# Navigation
nav-home = Start
nav-account = Account
nav-postbox = Postbox
nav-organisation = Organisations
nav-verify = Verify a receipt
my-account = My account
save = Save
cancel = Cancel

# Home
home = Your account and postbox for public authorities
home-lead = Sign in once, use it with many authorities. Decisions arrive in your postbox, and every step has a receipt.
home-sign-in = Sign in or create an account
home-register = No account yet? You can create one in the next step.
home-account = What we know about you, where it comes from and who received it.
home-postbox = Letters from authorities, with a receipt for every step.
home-organisation = Act for your company or association and read its mail.
home-verify = Find out whether a receipt is genuine and unchanged. No sign-in needed.
home-sandbox = Try it out
home-sandbox-text = This is a test environment with a simulated ID card and a mailbox of its own.
home-sandbox-link = To the tools of the test environment

# Log-in
login-again = Sign in again
login-unknown = This sign-in does not belong to this browser
login-unknown-text = Perhaps it took too long, or you began it in another browser. Nothing has happened.
login-cancelled = The sign-in was cancelled
login-cancelled-text = You can start again at any time.
login-level = The trust level needed was not reached
login-level-text = For this step you have to identify yourself more securely, for example with your online ID.
login-failed = Signing in did not work
login-failed-text = The answer to your sign-in was not trustworthy or incomplete. To protect you, you were not signed in.
sign-in-again = Your sign-in has expired
sign-in-again-text = To protect you, a sign-in ends after some time. Please sign in again; you will come back here.
sign-in-again-link = Sign in and come back
unavailable = The service cannot be reached right now
unavailable-text = Please try again in a moment. Your data is safe.
unavailable-link = Try again
step-up = This needs trust level “{ $level }”
step-up-needed = Needed
step-up-held = You have at the moment
step-up-how = Identify yourself with your online ID. You will come back here.
step-up-link = Identify now
step-up-back = Back
step-up-why-page = This step is specially protected.
step-up-why-letter = The authority decided how securely you must identify yourself before you open this letter.
step-up-why-organisation = Whoever creates an organisation must be securely identified.

# Account
account = Your account
account-nav = Parts of the account
account-overview = Overview
account-level = Your trust level
account-proven = Highest level you have ever proven:
account-raise = Raise to “high” with online ID
account-raise-text = With your online ID you can also open letters that need a higher level.
account-attributes = Your details
account-attributes-text = For each detail you see where it comes from and how certain it is. Authorities receive it only if you agree.
account-attributes-none = No details are stored yet.
account-edit = Edit your own details
account-change = Change
account-opened = Account created on { $at }
level-basic-means = You signed in with e-mail address and password. That does not prove who you are.
level-low-means = Your identity has been proven by a simple procedure.
level-substantial-means = Your identity has been proven by a secure procedure. That is enough for most applications.
level-high-means = You identified yourself with your online ID. Nothing is more secure. This level lasts only a short time.
source-unknown = unknown
source-self = entered by yourself
source-confirmed = confirmed
source-eid = online ID
source-upstream = another user account
source-operator = entered by an authority

# Attributes
attributes = Edit your own details
attributes-text = What comes from your ID card cannot be changed here. Everything else is voluntary.
attribute-salutation = Form of address
attribute-title = Doctorate or title
attribute-given-name = Given names
attribute-family-name = Family name
attribute-birth-name = Name at birth
attribute-date-of-birth = Date of birth
attribute-place-of-birth = Place of birth
attribute-nationality = Nationality
attribute-street-and-building = Street and number
attribute-zip-code = Postal code
attribute-city = Town or city
attribute-country = Country
attribute-email = E-mail address
attribute-telephone = Telephone
attribute-demail = De-Mail address
attribute-document-type = Kind of ID document
attribute-community-id = Municipality code
attribute-eidas-country = Issuing country
salutation-none = Not stated
salutation-0 = None
salutation-1 = Mr
salutation-2 = Ms
hint-date = Year, month and day with hyphens, for example 1964-08-12
hint-country = Two capital letters, for example DE
hint-nationality = One to three capital letters as in a passport, for example D
hint-phone = With country code, for example +49 385 5450
attribute-is-verified = This detail has been verified meanwhile and can no longer be changed by hand.
attribute-not-plain = One line without control characters, please.
attribute-too-long = This is too long.
attribute-not-listed = Please choose something from the list.
attribute-not-an-email = An e-mail address like name@example.org, please.

# Consents and disclosures
consents = Consents
consents-text = You allowed these services to receive details about you. After withdrawal a service asks again next time.
consents-none = You have given no standing consents.
consent-given = Given on
consent-withdraw = Withdraw
attributes-released = Details
purpose = Purpose
disclosures = Disclosures
disclosures-text = Who received details about you, when and what for.
disclosures-none = So far nobody has received details about you.
disclosures-caption = Disclosures, newest first
disclosed-at = When
disclosed-to = To whom
disclosed-level = Trust level of the sign-in

# Security
security = Security
security-text = How you sign in, and where you are signed in right now.
credentials = Ways to sign in
credential-password = E-mail address and password
credential-eid = Online ID
credential-added = Added on { $at }
credential-used = Last used on { $at }
sessions = Sign-ins
sessions-text = A sign-in you do not recognise? End it: whoever is signed in there is signed out at once.
session-started = Signed in on { $at }
session-seen = Last used on { $at }
session-current = this one
session-end = End

# Organisations
organisations = Your organisations
organisations-text = Companies, associations and others you act for.
organisations-none = You do not belong to any organisation yet.
organisation-new = Create an organisation
organisation-new-text = You will be the first person responsible for this organisation.
organisation-create = Create
organisation-name = Name
organisation-name-missing = Please give the name.
organisation-legal-form = Legal form
organisation-legal-form-hint = For example GmbH, e. V. or sole proprietorship
organisation-legal-form-missing = Please give the legal form.
organisation-register = Register
organisation-register-kind = Register
organisation-court = Register court
organisation-number = Register number
organisation-number-hint = At most 11 letters and digits
organisation-invalid = Please check the details of the register.
organisation-level = Proven at level
organisation-created = Created on
organisation-role = Your role
organisation-mailbox = Open the postbox
register-none = Not registered
register-hra = Commercial register A
register-hrb = Commercial register B
register-vr = Register of associations
register-gr = Register of cooperatives
register-pr = Register of partnerships
role-owner = Person responsible
role-administrator = Administration
role-case-worker = Case work
role-mail-receiver = Receiving mail
role-read-only = Reading only

# Postbox
postbox = Your postbox
postbox-text = Letters from authorities, newest first. Looking at the list has no legal effect.
postbox-of = Postbox of the organisation “{ $name }”
letters-filter = Choose letters
letters-all = All ({ $n })
letters-unread = Unread ({ $n })
letters-important = Important
letters-none = There are no letters here.
letter-important = Important
letter-new = New
letter-opened-at = Opened on { $at }
letter-announced-on = Counts as announced on { $day }
sender-hidden = Sender not visible yet
subject-hidden = Subject not visible yet
attachments = Attachments
attachments-all = Download all attachments (ZIP)
attachments-archive = attachments.zip
attachment-scanned = Scanned for viruses
attachment-not-scanned = Not scanned for viruses
attachment-blocked = Blocked: a virus was found in this attachment later.
attachments-count = { $n ->
    [one] 1 attachment
   *[other] { $n } attachments
}
type-information = Information
type-status = Status of an application
type-decision = Decision
type-formal-service = Formal service
type-documents = Request for documents
type-application = Copy of an application
state-accepted = Being processed
state-provided = Ready to open
state-opened = Opened
state-deemed-announced = Counts as announced
state-provision-ended = The time to retrieve it is over
state-expired = Expired unread
state-confirmed = Receipt confirmed
state-refused = Refused
state-deemed-served = Counts as served
state-recalled = Recalled
state-undeliverable = Undeliverable

search = Search the postbox
search-hint = Words from sender, subject or reference; for opened letters also from the text and the file names
search-go = Search
search-title = Search in your postbox
search-malformed = Please enter one to ten words, at most 200 characters together.
search-found = { $n ->
    [0] No letter found
    [one] 1 letter found
   *[other] { $n } letters found
}
search-found-many = More than a thousand letters found
search-further = Further results
search-end = Show all letters

# Postbox settings
postbox-settings = Settings of the postbox
postbox-settings-text = You decide who may write to you here.
opt-out-general = Letters to the postbox
opt-out-general-allowed = You receive letters from authorities in this postbox.
opt-out-general-excluded = You want no letters in this postbox. Only senders you expressly allow can write to you here.
opt-out-text = The postbox is voluntary. If you exclude it, authorities must write to you in another way, for example by post. Letters that are here already stay and keep their effect. What the law sends here in spite of your choice still arrives.
opt-out-general-exclude = Receive no more letters
opt-out-general-allow = Receive letters again
opt-out-senders = Senders
opt-out-senders-text = These offices can write to you. Your choice about one sender beats the general one.
opt-out-senders-none = At the moment no office can write to you.
opt-out-senders-more = Further senders
opt-out-sender-allowed = Letters arrive
opt-out-sender-excluded = Letters are excluded
opt-out-sender-exclude = Exclude
opt-out-sender-allow = Allow
handles = Addresses of your postbox
handles-text = Senders know your postbox by a number only, in every sector by another one. If you end one, nobody there reaches you until you sign in within that sector again and pass on a new one.
handles-none = You have not passed on any address yet.
handle-sector = Sector { $sector }
handle-issued = Passed on on { $at }
handle-revoked = Ended on { $at }
handle-revoke = End
choices = Your choices so far
choices-text = Every choice is recorded with its time and the version of the wording.
choices-none = You have not chosen anything yet.
choice-everybody = all senders
choice-excluded = { $at }: { $whom } excluded (wording { $wording })
choice-allowed = { $at }: { $whom } allowed (wording { $wording })
choice-general = { $at }: { $whom } as all senders (wording { $wording })

# Letter
letter-sender = Sender
letter-type = Kind
letter-state = Status
letter-provided = Available since
letter-opened = Opened on
letter-announced = Time limit
letter-level = Trust level needed
letter-case = Reference
letter-effect = What opening means
letter-open = Open
letter-read = Read the letter
letter-answer = Acknowledgement of receipt
letter-answer-text = The authority formally serves this letter. If you confirm its receipt, it counts as served today. This cannot be taken back.
letter-confirm = Confirm receipt
letter-refuse = Refuse to accept
letter-refuse-title = Refuse to accept?
letter-refuse-text = The authority learns that you do not accept this letter, and can serve it in another way. This cannot be taken back.
letter-refuse-back = Do not refuse
letter-raise = Identify and reach level “{ $level }”
letter-level-too-low = Your trust level is not high enough yet
letter-level-needed = This letter needs “{ $needed }”, you have “{ $held }” at the moment.
letter-level-ran-out = This letter needs “{ $needed }”. That level lasts only a short time, please identify yourself again.
letter-about = About this letter
letter-text-in = Text: { $language }
letter-easy-text = Easy language: { $language }
language-de = German
language-en = English

# Receipts
receipts = Receipts for this letter
receipts-text = Every receipt is signed and can be verified without us. To keep them: download them or print this page.
receipts-none = There are no receipts for this letter yet.
receipts-all = All receipts for this letter
receipts-check = Verify receipts
receipts-check-text = Whoever does not believe you can check it:
receipts-keys = Download the published keys
receipt-yours = Your receipt
receipt-yours-text = This receipt records that the letter was opened, and when. The authority that sent it has the same one.
receipt-proves = This is proven:
receipt-proves-not = This is not proven:
receipt-thumbprint = Thumbprint of the key (SHA-256):
receipt-unverified = The published keys cannot be reached right now. The receipt has not been verified here.
receipt-download = Download the receipt (JSON)
receipt-document = Receipt as PDF
proof = Proof
proof-text = All that is proven about this letter in one archive: receipts as files and as PDF, keys, a program to verify them.
proof-download = Download the proof (ZIP)
mailbox-export-title = Take your mailbox with you
mailbox-export-text = Opened letters with attachments and receipts in one archive. Unopened letters are only listed, and stay unopened.
mailbox-export = Download the mailbox (ZIP)
receipt-accepted = Accepted
receipt-provided = Provided for retrieval
receipt-notified = Notified
receipt-notify-failed = Notification failed
receipt-opened = Opened
receipt-opened-by-delegate = Opened by a delegate
receipt-downloaded = Downloaded
receipt-deemed-announced = Counts as announced
receipt-provision-ended = Provision ended
receipt-expired = Expired unread

# Verification page
verify = Verify a receipt
verify-text = Upload a receipt file. We check signature and content against the published keys of this postbox and store nothing.
verify-file = Receipt file
verify-file-hint = A file ending in .json, at most 256 kB
verify-missing = Please choose a file.
verify-check = Verify
verify-holds = The receipt is genuine and unchanged
verify-holds-text = It was signed with a key that this postbox has published.
verify-holds-not = The receipt does not hold
verify-yourself = Verify without us
verify-yourself-text = You need not believe this page: the program siegel verifies offline. Compare the thumbprint with the one the authority publishes elsewhere.
