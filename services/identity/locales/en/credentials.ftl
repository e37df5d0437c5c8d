# Other ways to sign in
option-title = Another way to prove it
option-totp = Code from the authenticator app
option-totp-text = A code from your authenticator app proves a second factor.
option-passkey = Sign in with a passkey
option-passkey-text = With a passkey you sign in without a password, for example with a fingerprint, your face or the PIN of your device.
option-certificate = Log in with a certificate
option-certificate-text = Your browser shows a certificate that you have connected to your account. It may ask you which one.
option-reset = Forgotten your password?
option-recovery = Sign in with a recovery code
option-other = Sign in another way

# One-time code
totp-title = Enter the code
totp-ask = Open your authenticator app and enter the code that it shows right now.
totp-code = Code from the app
totp-code-hint = Six digits
totp-submit = Continue
totp-wrong = This code is not right or was used before. Please wait for the next one.
totp-blocked = Too many failed attempts. Please wait a few minutes before you try again.
totp-enrol-title = Connect an authenticator app
totp-scan = Scan this QR code with your authenticator app.
totp-qr = QR code for the authenticator app; the key in it is also on this page as text
totp-type = Or type this key into the app:

# Passkey
passkey-title = Sign in with a passkey
passkey-ask = Your device is about to ask for a fingerprint, your face or a PIN.
passkey-use = Use passkey
passkey-make = Create passkey
passkey-make-text = Your device is about to ask for a fingerprint, your face or a PIN, and creates the passkey.
passkey-missing = Passkeys need JavaScript and a browser that supports WebAuthn. Without them you can sign in another way.
passkey-failed = That did not work. Try again or choose another way.
passkey-refused-title = This passkey is not accepted
passkey-refused = It does not belong to this account, was removed, or the device did not verify you.
passkey-over-title = This step is no longer valid
passkey-over = It has expired or was used before. Please start again.
passkey-label-hint = For example “Phone” or “Key on my key ring”

# Recovery codes
recovery-title = Sign in with a recovery code
recovery-ask = Enter your e-mail address and one of your recovery codes. Each code is valid once.
recovery-limits = A recovery code stands in for the password. What needs a higher level of assurance has to be proven again afterwards.
recovery-code = Recovery code
recovery-code-hint = Twelve letters and digits
recovery-wrong = E-mail address or code is not right, or the code was used before.
recovery-text = Recovery codes help when you do not have your password at hand.
recovery-left = { $n } of your recovery codes have not been used. New codes replace the old ones.
recovery-new-title = Your recovery codes
recovery-once = These codes are shown only now. Print them or write them down, and keep them in a safe place.
recovery-kept = I have kept the codes

# Forgotten password
release-title = Release this device
release-text = Somebody entered a wrong password for your account too often. We send a code to your e-mail address. With it, your password accepts sign-ins on this device again.
release-code-text = If there is an account for this address, we have sent a code to it. It is valid for 10 minutes and on this device only.
release-submit = Release device
reset-title = New password
reset-text = We will send a code to your e-mail address. With it you set a new password.
reset-choose = If there is an account for this address, we have sent a code to it. It is valid for 10 minutes.
reset-limits = Afterwards you are signed out everywhere. Other ways to sign in, such as passkey or online ID card, stay as they are.
password-new = New password
password-old = Current password
password-old-missing = Enter your current password.
password-old-wrong = The current password is not right.
password-submit = Set password
password-text = After the change your other sessions end.

# Ways to sign in
credentials-title = Your ways to sign in
credentials-add = Add
credentials-change = Change
credential-label = Name
credential-label-missing = Enter a name.
credential-level = Level of assurance
credential-added = Added
credential-used = Last used
credential-rename = Rename
credential-remove = Remove
kind-password = Password
kind-eid = Online ID card
kind-totp = Authenticator app
kind-passkey = Passkey
kind-recovery = Recovery codes
kind-x509 = Certificate
never = never
add-passkey = Add a passkey
add-passkey-text = A passkey lives on your device and is released by fingerprint, face or PIN.
add-certificate = Add a certificate
add-certificate-text = A certificate of a recognised authority, in your browser or on a card. Your browser will ask you which one to show.
certificate-label-hint = For example: office card
certificate-back = Back
certificate-none-title = Your browser has shown no certificate
certificate-none = Check whether a certificate is set up. Some browsers ask again which one to show only after a restart.
certificate-untrusted-title = This certificate is not taken here
certificate-untrusted = It has expired, or no recognised authority issued it. Nothing was stored.
certificate-over-title = This is over
certificate-over = It has expired, was used already or belongs to another log-in. Please start again.
certificate-refused-title = You cannot log in with this certificate
certificate-refused = It is not connected to this account. Log in in another way; you can then add it under your ways to log in.
desk-certificate-title = This certificate is connected already
desk-certificate = A certificate belongs to exactly one account. Nothing was changed.
add-totp = Connect an authenticator app
add-totp-text = An authenticator app shows codes that you enter in addition to your password.
add-recovery = New recovery codes
change-password = Change password
change-email = Change e-mail address
remove-title = Remove this way to sign in?
remove-text = Afterwards you can no longer sign in with it. You will get an e-mail about it.
remove-password-text = You can set a password again later by “Forgotten your password?”.
done-added = The way to sign in was added.
done-removed = The way to sign in was removed.
done-renamed = The name was changed.
done-password = The password was changed.
done-email = The e-mail address was changed.
desk-submit = Continue
desk-back = Back to your ways to sign in
desk-account = To your account
desk-last-title = This is your last way to sign in
desk-last = Without it you could no longer sign in. Add another one first.
desk-blocked-title = Too many failed attempts
desk-blocked = Please wait a few minutes before you try again.
desk-model-title = This device is not taken here
desk-model = An office you are logged in to takes passkeys only of certain devices whose makers vouch for them. Please use another device, or log in in another way.
desk-passkey-title = This passkey is not accepted
desk-passkey = It belongs to an account already, or the device answered differently than expected.
desk-over-title = This step is no longer valid
desk-over = It has expired or was finished before. Please start again.

# E-mail address
email-new = New e-mail address
email-text = We will send one code to the new address and one to the current address. Nothing changes before both are entered.
email-code-text = Enter the code. It is valid for 10 minutes.
email-codes-text = Enter both codes. They are valid for 10 minutes.
email-code-new = Code from the new address
email-code-old = Code from the current address
email-codes-wrong = At least one of the two codes is not right.

# ID card
card-not-proven-title = Please prove your second factor first
card-not-proven = Your account is protected by more than a password. Sign in with your passkey or authenticator app first; then you can link the card.

# Deleting the account
done-kept = Your account stays.
delete-title = Delete account
delete-open = This is still open in your postbox
delete-unopened = { $n ->
    [one] You have not opened one letter.
   *[other] You have not opened { $n } letters.
}
delete-periods = { $n ->
    [one] A period of announcement or service is still running for one letter. The authority learns that you can no longer be reached; periods may run on all the same.
   *[other] Periods of announcement or service are still running for { $n } letters. The authorities learn that you can no longer be reached; periods may run on all the same.
}
delete-last-period = The last of these periods ends on { $date }.
delete-due = { $n ->
    [one] One letter asks for something until a day that is still to come.
   *[other] { $n } letters ask for something until a day that is still to come.
}
delete-held = { $n ->
    [one] One letter has to be kept by order. Its content is deleted when the order ends.
   *[other] { $n } letters have to be kept by order. Their content is deleted when the order ends.
}
delete-goes = Your data, ways to log in, consents, memberships and your postbox with all letters are deleted. This cannot be undone.
delete-stays = Evidence that and when something was delivered stays. It holds neither your name nor any content.
delete-export = Please download decisions and other letters you still need before. Your account has a page “Download everything” for that.
delete-really-title = Do you really want to delete your account?
delete-really = Afterwards authorities cannot deliver anything to you electronically, until you open another account.
delete-understood = I have understood that everything is deleted.
delete-understood-missing = Confirm that you have understood this.
delete-order = Delete account for good
delete-waits-title = Your account will be deleted
delete-waits = The deletion begins on { $at }. Until then you can change your mind.
delete-keep = Keep account
delete-over-title = Your account is being deleted
delete-over = You are logged out everywhere. Your data is being removed from all services now.
delete-home = To the start page

# Two accounts become one
merge-title = Merge two accounts
merge-stays = The account that you are logged in to now stays: with its ways to log in, its e-mail address and its postbox.
merge-moves = From the other account come details that are missing here, the documents, your earlier consents and the record of who received what.
merge-ends = The other account is deleted afterwards, with its ways to log in. This cannot be undone.
merge-how = We log you out now. Then log in to the other account within ten minutes in this browser, in its safest way.
merge-begin = Log out and log in to the other account
merge-same-title = That is the same account
merge-same = You logged in again to the account that is to stay. Please begin again, and then log in to the other one.
merge-really-title = Move this account into the other one?
merge-this-ends = The account that you are logged in to now ends.
merge-comes = These details come to the other account, with source and trust level: { $names }.
merge-differs = The other account has other values or another address; what is there counts: { $names }.
merge-documents = { $n ->
    [one] One document moves.
   *[other] { $n } documents move.
}
merge-consents = { $n ->
    [one] One consent ends; its receipt moves.
   *[other] { $n } consents end; their receipts move.
}
merge-history = The record of who received or looked at your details moves.
merge-services = Services that know you by this account learn at your next log-in there that you come by the other one now. Messages to this account do not arrive any more.
merge-understood = I have understood that this account ends.
merge-understood-missing = Please confirm that you have understood this.
merge-order = Merge the accounts
merge-hindered-title = The accounts cannot be merged yet
merge-mailbox = There are messages in the postbox of this account. They were delivered to this postbox and do not move. Download what you need, wait for running periods to end, then delete the messages and begin again.
merge-organisations = This account belongs to an organisation, or there are mandates. Hand them over or end them, and have them given to the other account anew.
merge-other-person = The proven date of birth differs between the two accounts. Only accounts of the same person can be merged.
merge-offer = Data of an earlier account is waiting for this account. Take it over or delete it in the account, then begin again.
merge-room = The documents do not fit into the other account. Delete some and begin again.
merge-over-title = The accounts are being merged
merge-over = This takes a moment. Log in to the account that stays.
merge-log-in = Log in
