hello = Hello,
footer = This e-mail was sent automatically. Please do not reply to it.
never-ask = We will never ask you for this code or for your password by e-mail or telephone.

registration-subject = Your registration code
registration-intro = confirm your e-mail address with this code:
code-lifetime = The code is valid for ten minutes.
registration-ignore = If you did not register, there is nothing you need to do.

password-reset-subject = Your code for a new password
password-reset-intro = set a new password with this code:
password-reset-ignore = If you did not ask for a new password, there is nothing you need to do; your old one remains valid.

already-registered-subject = You already have an account
already-registered-intro = somebody tried to open an account with your e-mail address. There already is one for this address.
already-registered-sign-in = Was it you? Then simply log in:
already-registered-ignore = If it was not you, there is nothing you need to do. Nothing about your account has changed.

letter-provided-subject = A new message is waiting in your postbox
letter-provided-intro = a new message is waiting for you in your postbox.
letter-reminder-subject = An unread message is waiting in your postbox
letter-reminder-intro = a message that you have not opened is still waiting in your postbox.
letter-served-subject = A message in your postbox counts as served
letter-served-intro = a message in your postbox counts as served because time has passed without an acknowledgement of receipt from you.
letter-level = To open it, you need the trust level “{ $level }”.
letter-link = Go to your postbox:
letter-no-content = To protect your data, this e-mail names neither sender nor content.

email-new-subject = Your code for the new e-mail address
email-new-intro = with this code you confirm that your account will use this e-mail address from now on:
email-new-ignore = If you did not change an address, there is nothing you need to do.
email-old-subject = The e-mail address of your account is about to change
email-old-intro = somebody who is logged in to your account wants to enter another e-mail address. With this code you agree:
email-old-ignore = If it was not you, give the code to nobody; nothing changes without it. Please change your password.

device-release-subject = Your code to release this device
device-release-intro = somebody entered a wrong password for your account too often. With this code you release the device on which you are logging in:
device-release-ignore = If you did not want to log in, give the code to nobody; nothing changes without it.

invitation-subject = You are invited to act for an organisation
invitation-intro = an organisation invites you to work in its organisation account. Log in with the account that has this e-mail address, and open this page:
invitation-code = Enter this code there. Only then you see who invites you to what, and decide for yourself:
invitation-keep = The code is for you only and counts once. Give it to nobody.
invitation-ignore = If you do not expect an invitation, there is nothing you need to do.

credential-added-subject = A way to log in was added to your account
credential-added-intro = another way to log in was connected with your account.
credential-removed-subject = A way to log in was removed from your account
credential-removed-intro = one of the ways to log in to your account was removed.
password-changed-subject = Your password was changed
password-changed-intro = your account has a new password. Other sessions were ended.
recovery-created-subject = New recovery codes for your account
recovery-created-intro = new recovery codes were made for your account. The old ones are no longer valid.
recovery-used-subject = A recovery code was used
recovery-used-intro = somebody logged in with one of your recovery codes. The code is no longer valid.
account-linked-subject = Your account was linked with another one
account-linked-intro = an account at another provider was linked with your account. From now on it can be used to log in here as well.
account-unlinked-subject = A link of your account was removed
account-unlinked-intro = the link between your account and an account at another provider was removed. It can no longer be used to log in here.
security-yours = If it was you, there is nothing you need to do.
security-not-yours = If it was not you, please log in right away, check your ways to log in and change your password:

level-basic = basic registration
level-low = low
level-substantial = substantial
level-high = high

# The end of an account
account-inactive-subject = Your account will be deleted unless you log in
account-inactive-intro = you have not logged in for a long time. Your account and all letters in your postbox will be deleted in { $days } days.
account-inactive-keep = If you want to keep your account, just log in:
deletion-asked-subject = Your account will be deleted
deletion-asked-intro = { $days ->
    [0] the deletion of your account was ordered and has begun. You are logged out everywhere.
    [one] the deletion of your account was ordered. It begins in one day and can be stopped in your account until then.
   *[other] the deletion of your account was ordered. It begins in { $days } days and can be stopped in your account until then.
}
deletion-asked-not-you = If this was not you, please turn to the operator at once:
deletion-cancelled-subject = Your account stays
deletion-cancelled-intro = the deletion of your account was called off.
deletion-cancelled-stays = Everything stays as it was:
data-taken-over-subject = Data of an earlier account is in your account now
data-taken-over-intro = data of an earlier account was taken over into your account.
data-taken-over-look = If that was not you, please log in, look at what your account holds, and change your password:
accounts-merged-subject = Two of your accounts became one
accounts-merged-intro = two of your accounts are one now. The account that ends with it is deleted.
accounts-merged-not-you = If that was not you, please contact the operator at once:
