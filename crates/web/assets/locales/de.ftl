### Was die Seiten auf Deutsch sagen. Kurze Sätze; wer besorgt ist, liest sie.

## Auf jeder Seite
shell-account = Ihr Konto
shell-grants = Was ich erlaubt habe
shell-sign-out = Abmelden
cancel = Abbrechen

## Anmeldung
sign-in-title = Anmelden
sign-in-lead = Mit Ihrem { $brand }-Konto.
sign-in-asked = { $client } bittet Sie, sich anzumelden
sign-in-title-again = Erneut anmelden
sign-in-again = Sie sind als { $name } angemeldet. Geben Sie Ihr Passwort noch einmal ein, um zu zeigen, dass Sie es sind.
sign-in-login = Benutzername
sign-in-password = Passwort
sign-in-show-password = Passwort anzeigen
sign-in-submit = Anmelden
sign-in-problem-refused = Benutzername oder Passwort stimmt nicht. Prüfen Sie beides und versuchen Sie es noch einmal.
sign-in-problem-wait = Zu viele Versuche. Bitte warten Sie { $time } und versuchen Sie es dann noch einmal.
problem-stale-form = Diese Seite war zu lange offen. Es wurde nichts gesendet; bitte versuchen Sie es noch einmal.

## Zustimmung
consent-title = Eine Bitte um Zugriff
consent-heading = { $client } bittet um Zugriff auf Ihr Konto
consent-pay-heading = { $client } bittet darum, Geld von Ihrem Konto zu senden
consent-device-heading = { $client } mit Ihrem Konto verbinden?
consent-modify-heading = { $client } bittet darum, zu ändern, was Sie erlaubt haben
consent-modifies = Dies ändert etwas, das Sie schon erlaubt haben. Was neu ist, was sich ändert und worum nicht mehr gebeten wird, ist gekennzeichnet.
consent-keeps = Was Sie schon erlaubt haben, bleibt erlaubt.
consent-unseen = Die Antwort geht nicht durch diesen Browser, und niemand sieht, wo sie ankommt. Fahren Sie nur fort, wenn Sie dies selbst begonnen haben, in einem Programm vor Ihnen. Hat Ihnen jemand diesen Link geschickt, drücken Sie „Ablehnen“.
consent-what = Was erlaubt werden soll
consent-only-know = Wissen, dass Sie hier ein Konto haben, und sonst nichts
consent-optional = (nach Ihrer Wahl)
consent-where = Bei
consent-whom = Für wen
consent-as = Sie erlauben dies als
consent-switch = Nicht Sie?
consent-approve = Erlauben
consent-deny = Ablehnen
consent-fine = Sie können dies jederzeit unter „Was ich erlaubt habe“ zurücknehmen.
consent-privacy = Datenschutzerklärung bei { $host } (öffnet einen neuen Tab)
consent-terms = Nutzungsbedingungen bei { $host } (öffnet einen neuen Tab)
consent-message = { $client } teilt mit
consent-problem-confirm = Bestätigen Sie zuerst mit dem Häkchen, dass es Ihr Gerät ist und der Code übereinstimmt. Ist es nicht Ihres, drücken Sie „Ablehnen“.
consent-problem-changed = Die Anfrage hat sich geändert, seit Sie sie gelesen haben. Es wurde nichts erlaubt. Bitte lesen Sie sie noch einmal.

asker-first-seen = Hier zuerst gesehen:
standing-first_party = Gehört zu diesem Dienst
standing-proven = Identität geprüft
standing-unproven = Identität nicht geprüft: Jeder kann diesen Namen verwenden
name-only-said = „{ $name }“ (nicht geprüft)
standing-only-said = Nicht geprüft: Das sagt die App nur von sich selbst
standing-wallet = Geprüft durch den Schlüssel ihrer Wallet
asker-says-host = Gibt an, zu { $host } zu gehören
asker-says-wallet = Gibt als ihre Wallet an:
asker-answer-host = Leitet Sie weiter zu { $host }

mark-mixed-scripts = Dieser Name mischt Buchstaben verschiedener Alphabete. Vielleicht ahmt er einen anderen nach.
mark-look-alike = Dieser Name verwendet Buchstaben eines anderen Alphabets, die lateinischen gleichen. Vielleicht ahmt er einen anderen nach.
mark-hidden-characters = Dieser Name enthält verborgene Zeichen, hier als ⟨U+…⟩ gezeigt.
mark-reserved-word = Dieser Name klingt amtlich. Er stammt nicht von diesem Dienst.

## Worum außer Scopes gebeten wird
ask-change-same = Wie bisher
ask-change-added = Neu
ask-change-changed = Geändert
ask-change-removed = Wird nicht mehr verlangt
ask-before = Bisher
ask-after = Künftig

payment-outgoing-create = Geld von Ihrem Konto senden
payment-outgoing-see = Die Zahlungen sehen, die die App von Ihrem Konto gesendet hat
payment-outgoing-see-all = Alle Zahlungen von Ihrem Konto sehen, auch die, die nicht von der App stammen
payment-incoming-create = Zahlungen auf Ihr Konto vorbereiten
payment-incoming-complete = Zahlungen auf Ihr Konto abschließen, sodass nichts mehr eingeht
payment-incoming-see = Die Zahlungen auf Ihr Konto sehen, die die App vorbereitet hat
payment-incoming-see-all = Alle Zahlungen auf Ihr Konto sehen, auch die, die nicht von der App stammen
payment-quote-create = Fragen, was eine Zahlung von Ihrem Konto kosten würde
payment-quote-see = Die Preise sehen, nach denen die App gefragt hat
payment-quote-see-all = Alle Preise für Ihr Konto sehen, auch die, nach denen die App nicht gefragt hat
payment-outgoing = Zahlungen von Ihrem Konto
payment-incoming = Zahlungen auf Ihr Konto
payment-quote = Preise von Zahlungen von Ihrem Konto
payment-also = Sie darf außerdem
payment-nothing-said = Was die App dort darf, ist nicht gesagt.
payment-up-to = Bis zu
payment-to = An
payment-to-anyone = wen immer sie wählt
payment-no-limit = Ohne Obergrenze
payment-no-limit-note = Die App darf jeden Betrag senden. Erlauben Sie das nur, wenn Sie ihr alles anvertrauen, was auf dem Konto ist.
payment-often = Wie oft
payment-in-total = insgesamt, bis Sie dies zurücknehmen
payment-debit = Mehr als dies verlässt Ihr Konto nicht.
payment-receive = So viel kommt an. Mit Gebühren und Umtausch kann mehr Ihr Konto verlassen.
payment-of-which = Davon kommen bis zu { $amount } an.
payment-total = Alles zusammen höchstens { $amount }.
payment-account = Ihr Konto
payment-any-account = jedes Ihrer Konten
money-odd-asset = „{ $asset }“
money-no-asset = eines Guts ohne Namen

interval-times = { $count ->
    [one] einmal
   *[other] { $shown }-mal
}
interval-endless = ohne Ende
interval-from = ab dem
every-years = { $count ->
    [one] jedes Jahr
   *[other] alle { $shown } Jahre
}
every-months = { $count ->
    [one] jeden Monat
   *[other] alle { $shown } Monate
}
every-weeks = { $count ->
    [one] jede Woche
   *[other] alle { $shown } Wochen
}
every-days = { $count ->
    [one] jeden Tag
   *[other] alle { $shown } Tage
}
every-hours = { $count ->
    [one] jede Stunde
   *[other] alle { $shown } Stunden
}
every-minutes = { $count ->
    [one] jede Minute
   *[other] alle { $shown } Minuten
}
every-seconds = { $count ->
    [one] jede Sekunde
   *[other] alle { $shown } Sekunden
}
length-years = { $count ->
    [one] { $shown } Jahr
   *[other] { $shown } Jahren
}
length-months = { $count ->
    [one] { $shown } Monat
   *[other] { $shown } Monaten
}
length-weeks = { $count ->
    [one] { $shown } Woche
   *[other] { $shown } Wochen
}
length-days = { $count ->
    [one] { $shown } Tag
   *[other] { $shown } Tagen
}
length-hours = { $count ->
    [one] { $shown } Stunde
   *[other] { $shown } Stunden
}
length-minutes = { $count ->
    [one] { $shown } Minute
   *[other] { $shown } Minuten
}
length-seconds = { $count ->
    [one] { $shown } Sekunde
   *[other] { $shown } Sekunden
}
every-length = in Abständen von { $length }
length-and = { $first } und { $last }

right-use = { $right } nutzen
right-actions = Was die App darf
right-locations = Wo
right-datatypes = Arten von Daten
right-identifier = Nur für
right-not-said = nicht gesagt
right-privileges = Vorrechte

identity-title = Wissen, wer Sie sind
identity-account = Die Adresse Ihres Kontos
identity-aliases = Alle Kennungen, unter denen Sie hier bekannt sind
identity-did = Ihre dezentrale Kennung
identity-email = Ihre E-Mail-Adresse
identity-iss_sub = Eine Kennung von Ihnen bei diesem Dienst
identity-opaque = Eine Kennung, die sonst nichts über Sie sagt
identity-phone_number = Ihre Telefonnummer
identity-uri = Eine Webadresse, die für Sie steht
identity-id_token = Eine unterschriebene Aussage, wer Sie sind
identity-saml2 = Eine unterschriebene Aussage, wer Sie sind (SAML)

## Ein Gerät
device-heading = Zeigt Ihr Gerät diesen Code?
device-requested = Angefragt
device-from = von { $address }
device-warning = Fahren Sie nur fort, wenn Sie dies selbst begonnen haben, an einem Gerät vor Ihnen. Niemand sollte Sie je nach diesem Code fragen. Hat ihn Ihnen jemand geschickt, drücken Sie „Ablehnen“.
device-confirm = Das ist mein Gerät, und es zeigt denselben Code

code-title = Gerät verbinden
code-heading = Geben Sie den Code Ihres Geräts ein
code-lead = Ihr Gerät oder Programm zeigt einen kurzen Code. Geben Sie ihn hier ein.
code-lead-prefilled = Vergleichen Sie diesen Code mit dem auf Ihrem Gerät. Fahren Sie nur fort, wenn beide gleich sind.
code-label = Code
code-hint = Groß oder klein, mit oder ohne Striche: alles ist recht.
code-submit = Weiter
code-fine = Hat Ihnen jemand diesen Code geschickt oder Sie gebeten, einen einzugeben? Dann schließen Sie diese Seite.
code-problem-unknown = Zu diesem Code wartet keine Anfrage. Prüfen Sie ihn, oder beginnen Sie an Ihrem Gerät von vorn, um einen neuen zu erhalten.
code-problem-expired = Dieser Code ist abgelaufen. Beginnen Sie an Ihrem Gerät von vorn, um einen neuen zu erhalten.
code-problem-in-use = Jemand anderes sieht sich diese Anfrage gerade an. Sind das nicht Sie in einem anderen Browser, beginnen Sie an Ihrem Gerät von vorn.
code-problem-wait = Zu viele falsche Codes. Bitte warten Sie { $time } und versuchen Sie es dann noch einmal.

## Ergebnis
outcome-approved-title = Erlaubt
outcome-approved = Sie haben den Zugriff erlaubt.
outcome-approved-for = Sie haben { $client } den Zugriff erlaubt.
outcome-denied-title = Abgelehnt
outcome-denied = Es wurde nichts erlaubt.
outcome-denied-for = { $client } wurde nichts erlaubt.
outcome-expired-title = Zu spät
outcome-expired = Diese Anfrage ist abgelaufen. Es wurde nichts erlaubt.
outcome-expired-for = Die Anfrage von { $client } ist abgelaufen. Es wurde nichts erlaubt.
outcome-answered-title = Schon beantwortet
outcome-answered = Diese Anfrage ist beantwortet und kann nicht noch einmal beantwortet werden.
outcome-answered-for = Die Anfrage von { $client } ist beantwortet und kann nicht noch einmal beantwortet werden.
next-device = Sie können dieses Fenster schließen und zu Ihrem Gerät zurückkehren.
next-device-expired = Beginnen Sie an Ihrem Gerät von vorn, um einen neuen Code zu erhalten.
next-new-code = Neuen Code eingeben
next-start-again = Von vorn beginnen
next-continue = Weiter
next-continue-to = Weiter zu { $client }
next-expired = Gehen Sie dorthin zurück, woher Sie kamen, und beginnen Sie von vorn.
next-account = Zurück zu Ihrem Konto
next-close = Sie können dieses Fenster schließen.

live-left = Verbleibende Zeit:
live-go-on = Weiter

## Was ich erlaubt habe
grants-title = Was ich erlaubt habe
grants-lead = Apps und Geräte, die für { $name } handeln dürfen.
grants-clients = Zugriff
grants-empty = Sie haben nichts erlaubt. Was Sie erlauben, erscheint hier.
grants-since = Seit
grants-last-used = zuletzt benutzt
grants-never-used = nie benutzt
grants-revoke = Entziehen
grants-revoke-of = Entziehen: Zugriff von { $client }
grants-note = Der Entzug gilt sofort. Für neuen Zugriff müssen Sie wieder gefragt werden.
grants-revoke-all = Alles entziehen …
grants-revoke-all-sure = Alles, was hier steht, endet sofort. Für neuen Zugriff muss jede App und jedes Gerät Sie wieder fragen.
grants-revoke-all-yes = Alles entziehen
grants-notice-revoked = Der Zugriff von { $client } ist beendet.
grants-notice-all-revoked = Jeder Zugriff ist beendet.
grants-notice-session-ended = Jener Browser ist abgemeldet.
grants-notice-others-ended = Alle anderen Browser sind abgemeldet.
waiting-title = Wartet auf Ihre Antwort
waiting-since = Gefragt
waiting-until = offen bis
waiting-modifies = Das würde etwas ändern, was Sie schon erlaubt haben.
waiting-open = Ansehen
waiting-open-of = Ansehen: Anfrage von { $client }
waiting-note = Nichts ist erlaubt, solange Sie es nicht sagen. Was Sie nicht rechtzeitig beantworten, verfällt von selbst.
sessions-title = Wo ich angemeldet bin
sessions-current = Dieser Browser
sessions-since = angemeldet
sessions-last-used = zuletzt für eine App benutzt
sessions-end = Beenden
sessions-end-of = Beenden: Anmeldung von { $browser }
sessions-end-several = In mehreren Browsern abmelden …
sessions-end-several-sure = Diese Browser werden sofort abgemeldet. Was Apps nur tun dürfen, solange Sie dort angemeldet sind, endet ebenfalls.
sessions-end-others-yes = Alle anderen abmelden
sessions-end-all-yes = Überall abmelden

## Abmeldung
sign-out-title = Abmelden?
sign-out-lead = Sie sind als { $name } angemeldet.
sign-out-asked = { $client } bittet Sie, sich abzumelden. Sie sind als { $name } angemeldet.
sign-out-yes = Abmelden
sign-out-stay = Angemeldet bleiben
signed-out-title = Sie sind abgemeldet
signed-out-lead = Sie haben { $brand } in diesem Browser verlassen.
signed-out-sign-in = Erneut anmelden

## Unterwegs
form-post-title = Einen Moment
form-post-lead = Sie werden weitergeleitet.
form-post-lead-to = Sie werden zurück zu { $client } geleitet.

## Fehler
error-title = Das hat nicht geklappt
error-code = Code
error-detail = Einzelheiten
error-request = Anfrage
error-restart = Von vorn beginnen
error-retry = Bitte versuchen Sie es in { $time } noch einmal.
error-other = Die Anfrage konnte nicht abgeschlossen werden. Es wurde nichts erlaubt.
error-invalid_request = Die App hat eine Anfrage gesendet, die dieser Dienst nicht versteht. Nur ihre Hersteller können das beheben.
error-invalid_client = Die App ist hier nicht bekannt. Nur ihre Hersteller können das beheben.
error-unauthorized_client = Die App darf so nicht anfragen. Nur ihre Hersteller können das beheben.
error-unsupported_response_type = Die App wünscht eine Antwort, die dieser Dienst nicht gibt. Nur ihre Hersteller können das beheben.
error-invalid_scope = Die App bittet um etwas, das es hier nicht gibt. Nur ihre Hersteller können das beheben.
error-invalid_target = Die App bittet um einen Ort, den es hier nicht gibt. Nur ihre Hersteller können das beheben.
error-invalid_redirect_uri = Die App möchte die Antwort an eine Adresse, die nicht für sie eingetragen ist. Sie wurden nicht dorthin geleitet.
error-access_denied = Dies wurde nicht erlaubt.
error-expired = Diese Anfrage ist abgelaufen. Es wurde nichts erlaubt. Gehen Sie dorthin zurück, woher Sie kamen, und beginnen Sie von vorn.
error-forged_form = Das Formular kam nicht von einer Seite, die Sie hier geöffnet haben; es wurde nichts getan. Gehen Sie zurück und versuchen Sie es noch einmal.
error-other_browser = Diese Anfrage wurde in einem anderen Browser begonnen und kann nur dort beantwortet werden. Haben Sie sie nicht begonnen, schließen Sie diese Seite.
error-in_use = Jemand anderes sieht sich diese Anfrage gerade an. Hier wurde nichts entschieden.
error-other_network = Dieses Gerät darf nur aus dem Netz verbunden werden, in dem es ist. Öffnen Sie diese Seite dort.
error-answered = Diese Anfrage wurde schon beantwortet. Mehr wurde nicht getan.
error-ended = Diese Anfrage wurde beendet, bevor sie beantwortet war. Es wurde nichts erlaubt.
error-invalid_form = Im Formular fehlt etwas; es wurde nichts getan. Gehen Sie zurück und versuchen Sie es noch einmal.
error-not_found = An dieser Adresse ist nichts. Vielleicht ist es abgelaufen.
error-method_not_allowed = Diese Adresse kann so nicht verwendet werden.
error-payload_too_large = Das Gesendete ist zu groß.
error-too_many_requests = Von hier kamen zu viele Anfragen.
error-server_error = Bei uns ist etwas kaputtgegangen. Es wurde nichts erlaubt. Bitte versuchen Sie es noch einmal.
error-temporarily_unavailable = Der Dienst ist gerade ausgelastet. Es ist nichts verloren.

## Zeit
time-just-now = gerade eben
time-minutes-ago = { $count ->
    [one] vor { $count } Minute
   *[other] vor { $count } Minuten
}
time-hours-ago = { $count ->
    [one] vor { $count } Stunde
   *[other] vor { $count } Stunden
}
time-days-ago = { $count ->
    [one] vor { $count } Tag
   *[other] vor { $count } Tagen
}
time-seconds = { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
}
time-minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}
time-hours = { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
}
time-days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}
time-day = { $day }. { $month } { $year }
time-moment = { $day }. { $month } { $year }, { $clock } UTC
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember

## Scopes von OpenID Connect
scope-profile = Name, Bild und weitere Angaben Ihres Profils sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-address = Ihre Postanschrift sehen
scope-phone = Ihre Telefonnummer sehen
scope-offline_access = Diesen Zugriff behalten, auch wenn Sie nicht da sind
