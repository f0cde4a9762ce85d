### What the person's pages say in English. Keep sentences short; a worried person reads them.

## Around every page
shell-account = Your account
shell-grants = What I have allowed
shell-sign-out = Sign out
cancel = Cancel

## Sign-in
sign-in-title = Sign in
sign-in-lead = Use your { $brand } account.
sign-in-asked = { $client } asks you to sign in
sign-in-title-again = Sign in again
sign-in-again = You are signed in as { $name }. Enter your password once more to show it is still you.
sign-in-login = User name
sign-in-password = Password
sign-in-show-password = Show password
sign-in-submit = Sign in
sign-in-problem-refused = The user name or the password is not right. Check both and try again.
sign-in-problem-wait = Too many tries. Please wait { $time }, then try again.
problem-stale-form = This page was open too long. Nothing was sent; please try again.

## Consent
consent-title = A request for access
consent-heading = { $client } asks for access to your account
consent-pay-heading = { $client } asks to send money from your account
consent-device-heading = Connect { $client } to your account?
consent-modify-heading = { $client } asks to change what you have allowed
consent-modifies = This changes something you have allowed before. What is new, changed or no longer asked for is marked as such.
consent-keeps = What you allowed before stays allowed.
consent-unseen = The answer does not go through this browser, so nobody can tell where it arrives. Only go on if you started this yourself, in a program in front of you. If someone sent you this link, press Deny.
consent-what = What it may do
consent-only-know = Know that you have an account here, and nothing more
consent-optional = (your choice)
consent-where = At
consent-whom = For whom
consent-as = You allow this as
consent-switch = Not you?
consent-approve = Approve
consent-deny = Deny
consent-fine = You can take this back at any time under “What I have allowed”.
consent-privacy = Privacy policy at { $host } (opens in a new tab)
consent-terms = Terms of service at { $host } (opens in a new tab)
consent-message = { $client } says
consent-problem-confirm = Tick the box first, to say that this is your device and that the code matches. If it is not yours, press Deny.
consent-problem-changed = The request has changed since you read it, so nothing was approved. Please read it again.

asker-first-seen = First seen here
standing-first_party = Belongs to this service
standing-proven = Identity checked
standing-unproven = Identity not checked: anybody can use this name
name-only-said = “{ $name }” (not verified)
standing-only-said = Not verified: this is only what it says of itself
standing-wallet = Verified by the key of its wallet
asker-says-host = Says it is at { $host }
asker-says-wallet = Says its wallet is
asker-answer-host = Sends you on to { $host }

mark-mixed-scripts = This name mixes letters of different alphabets. It may imitate another name.
mark-look-alike = This name uses letters of another alphabet that look like Latin ones. It may imitate another name.
mark-hidden-characters = This name contains hidden characters, shown here as ⟨U+…⟩.
mark-reserved-word = This name sounds official. It was not given by this service.

## What is asked for, beside scopes
ask-change-same = As before
ask-change-added = New
ask-change-changed = Changed
ask-change-removed = No longer asked for
ask-before = Until now
ask-after = From now on

payment-outgoing-create = Send money from your account
payment-outgoing-see = See the payments it made from your account
payment-outgoing-see-all = See every payment from your account, also those it did not make itself
payment-incoming-create = Set up payments into your account
payment-incoming-complete = Close payments into your account, so that no more comes in
payment-incoming-see = See the payments into your account that it set up
payment-incoming-see-all = See every payment into your account, also those it did not set up itself
payment-quote-create = Ask what a payment from your account would cost
payment-quote-see = See the prices it asked for
payment-quote-see-all = See every price for your account, also those it did not ask for itself
payment-outgoing = Payments from your account
payment-incoming = Payments into your account
payment-quote = Prices of payments from your account
payment-also = It may also
payment-nothing-said = What it may do there is not said.
payment-up-to = Up to
payment-to = To
payment-to-anyone = anyone it chooses
payment-no-limit = Without a limit
payment-no-limit-note = It may send any amount. Allow this only if you trust it with all that is in the account.
payment-often = How often
payment-in-total = in total, until you take this back
payment-debit = No more than this leaves your account.
payment-receive = This is what arrives. With fees and exchange, more may leave your account.
payment-of-which = Of this, up to { $amount } arrives.
payment-total = At most { $amount } altogether.
payment-account = Your account
payment-any-account = any of yours
money-odd-asset = “{ $asset }”
money-no-asset = of an asset without a name

interval-times = { $count ->
    [one] once
   *[other] { $shown } times
}
interval-endless = without end
interval-from = from
every-years = { $count ->
    [one] every year
   *[other] every { $shown } years
}
every-months = { $count ->
    [one] every month
   *[other] every { $shown } months
}
every-weeks = { $count ->
    [one] every week
   *[other] every { $shown } weeks
}
every-days = { $count ->
    [one] every day
   *[other] every { $shown } days
}
every-hours = { $count ->
    [one] every hour
   *[other] every { $shown } hours
}
every-minutes = { $count ->
    [one] every minute
   *[other] every { $shown } minutes
}
every-seconds = { $count ->
    [one] every second
   *[other] every { $shown } seconds
}
length-years = { $count ->
    [one] { $shown } year
   *[other] { $shown } years
}
length-months = { $count ->
    [one] { $shown } month
   *[other] { $shown } months
}
length-weeks = { $count ->
    [one] { $shown } week
   *[other] { $shown } weeks
}
length-days = { $count ->
    [one] { $shown } day
   *[other] { $shown } days
}
length-hours = { $count ->
    [one] { $shown } hour
   *[other] { $shown } hours
}
length-minutes = { $count ->
    [one] { $shown } minute
   *[other] { $shown } minutes
}
length-seconds = { $count ->
    [one] { $shown } second
   *[other] { $shown } seconds
}
every-length = every { $length }
length-and = { $first } and { $last }

right-use = Use { $right }
right-actions = What it may do
right-locations = Where
right-datatypes = Kinds of data
right-identifier = Only for
right-not-said = not said
right-privileges = Privileges

identity-title = Know who you are
identity-account = Your account address
identity-aliases = All identifiers you are known by here
identity-did = Your decentralised identifier
identity-email = Your email address
identity-iss_sub = An identifier of yours at this service
identity-opaque = An identifier that says nothing else about you
identity-phone_number = Your phone number
identity-uri = A web address that stands for you
identity-id_token = A signed statement of who you are
identity-saml2 = A signed statement of who you are (SAML)

## A device
device-heading = Does your device show this code?
device-requested = Requested
device-from = from { $address }
device-warning = Only go on if you started this yourself, on a device in front of you. Nobody should ever ask you for this code. If someone sent it to you, press Deny.
device-confirm = This is my device, and it shows the same code

code-title = Connect a device
code-heading = Enter the code on your device
code-lead = Your device or program shows a short code. Type it here to go on.
code-lead-prefilled = Compare this code with the one on your device. Go on only if they are the same.
code-label = Code
code-hint = Capital or small letters, with or without dashes: all are fine.
code-submit = Continue
code-fine = Did someone send you this code or ask you to enter one? Then close this page.
code-problem-unknown = No request is waiting for this code. Check it, or start again on your device for a new one.
code-problem-expired = This code has expired. Start again on your device to get a new one.
code-problem-in-use = Somebody else is looking at this request. If that is not you in another browser, start again on your device.
code-problem-wait = Too many wrong codes. Please wait { $time }, then try again.

## Outcome
outcome-approved-title = Approved
outcome-approved = You have allowed the access.
outcome-approved-for = You have allowed access for { $client }.
outcome-denied-title = Denied
outcome-denied = Nothing was allowed.
outcome-denied-for = { $client } was not allowed anything.
outcome-expired-title = Too late
outcome-expired = This request has expired. Nothing was allowed.
outcome-expired-for = The request of { $client } has expired. Nothing was allowed.
outcome-answered-title = Already answered
outcome-answered = This request has been answered and cannot be answered again.
outcome-answered-for = The request of { $client } has been answered and cannot be answered again.
next-device = You can close this window and return to your device.
next-device-expired = Start again on your device to get a new code.
next-new-code = Enter a new code
next-start-again = Start again
next-continue = Continue
next-continue-to = Continue to { $client }
next-expired = Go back to where you came from and start again.
next-account = Back to your account
next-close = You can close this window.

live-left = Time left:
live-go-on = Continue

## What I have allowed
grants-title = What I have allowed
grants-lead = Apps and devices that may act for { $name }.
grants-clients = Access
grants-empty = You have not allowed anything. When you do, it appears here.
grants-since = Since
grants-last-used = last used
grants-never-used = never used
grants-revoke = Revoke
grants-revoke-of = Revoke the access of { $client }
grants-note = Revoking takes effect at once. To get access again, it has to ask you again.
grants-revoke-all = Revoke everything …
grants-revoke-all-sure = Everything listed here ends at once. To get access again, each app and device has to ask you again.
grants-revoke-all-yes = Revoke everything
grants-notice-revoked = The access of { $client } has ended.
grants-notice-all-revoked = All access has ended.
grants-notice-session-ended = That browser is signed out.
grants-notice-others-ended = All other browsers are signed out.
waiting-title = Waiting for your answer
waiting-since = Asked
waiting-until = open until
waiting-modifies = It would change something you have already allowed.
waiting-open = Look at the request
waiting-open-of = Look at the request of { $client }
waiting-note = Nothing is allowed unless you say so. What you do not answer in time lapses by itself.
sessions-title = Where I am signed in
sessions-current = This browser
sessions-since = signed in
sessions-last-used = last used for an app
sessions-end = End
sessions-end-of = End the sign-in of { $browser }
sessions-end-several = Sign out in several browsers …
sessions-end-several-sure = Those browsers are signed out at once. What apps may do only while you are signed in there ends too.
sessions-end-others-yes = Sign out all others
sessions-end-all-yes = Sign out everywhere

## Sign-out
sign-out-title = Sign out?
sign-out-lead = You are signed in as { $name }.
sign-out-asked = { $client } asks you to sign out. You are signed in as { $name }.
sign-out-yes = Sign out
sign-out-stay = Stay signed in
signed-out-title = You are signed out
signed-out-lead = You have left { $brand } in this browser.
signed-out-sign-in = Sign in again

## On the way
form-post-title = One moment
form-post-lead = You are being sent on.
form-post-lead-to = You are being sent back to { $client }.

## Errors
error-title = This did not work
error-code = Code
error-detail = Details
error-request = Request
error-restart = Start again
error-retry = Please try again in { $time }.
error-other = The request could not be completed. Nothing was allowed.
error-invalid_request = The app sent a request that this service does not understand. Only its makers can mend this.
error-invalid_client = The app is not known here. Only its makers can mend this.
error-unauthorized_client = The app may not ask in this way. Only its makers can mend this.
error-unsupported_response_type = The app asks for an answer that this service does not give. Only its makers can mend this.
error-invalid_scope = The app asks for something that does not exist here. Only its makers can mend this.
error-invalid_target = The app asks for a place that does not exist here. Only its makers can mend this.
error-invalid_redirect_uri = The app wants the answer sent to an address that is not registered for it. You were not sent there.
error-access_denied = This was not allowed.
error-expired = This request has expired. Nothing was allowed. Go back to where you came from and start again.
error-forged_form = The form did not come from a page you opened here, so nothing was done. Go back and try again.
error-other_browser = This request was started in another browser and can only be answered there. If you did not start it, close this page.
error-in_use = Somebody else is looking at this request. Nothing was decided here.
error-other_network = This device may only be connected from the network it is in. Open this page there.
error-answered = This request was answered before. Nothing more was done.
error-ended = This request was ended before it was answered. Nothing was allowed.
error-invalid_form = Something is missing in the form, so nothing was done. Go back and try again.
error-not_found = There is nothing at this address. It may have expired.
error-method_not_allowed = This address cannot be used in that way.
error-payload_too_large = What was sent is too large.
error-too_many_requests = Too many requests came from here.
error-server_error = Something broke on our side. Nothing was allowed. Please try again.
error-temporarily_unavailable = The service is busy at the moment. Nothing is lost.

## Time
time-just-now = just now
time-minutes-ago = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
time-hours-ago = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
time-days-ago = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
time-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
time-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
time-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
time-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
time-day = { $day } { $month } { $year }
time-moment = { $day } { $month } { $year }, { $clock } UTC
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

## Scopes of OpenID Connect
scope-profile = See your name, picture and other details of your profile
scope-email = See your email address
scope-address = See your postal address
scope-phone = See your phone number
scope-offline_access = Keep this access while you are away
