### Ce que disent les pages en français. Des phrases courtes, pour qui s’inquiète.

## Sur chaque page
shell-account = Votre compte
shell-grants = Ce que j’ai autorisé
shell-sign-out = Se déconnecter
cancel = Annuler

## Connexion
sign-in-title = Se connecter
sign-in-lead = Avec votre compte { $brand }.
sign-in-asked = { $client } vous demande de vous connecter
sign-in-title-again = Se connecter à nouveau
sign-in-again = Vous êtes connecté en tant que { $name }. Saisissez encore votre mot de passe pour montrer que c’est bien vous.
sign-in-login = Nom d’utilisateur
sign-in-password = Mot de passe
sign-in-show-password = Afficher le mot de passe
sign-in-submit = Se connecter
sign-in-problem-refused = Le nom d’utilisateur ou le mot de passe est incorrect. Vérifiez les deux et réessayez.
sign-in-problem-wait = Trop d’essais. Attendez { $time }, puis réessayez.
problem-stale-form = Cette page est restée ouverte trop longtemps. Rien n’a été envoyé ; réessayez.

## Consentement
consent-title = Une demande d’accès
consent-heading = { $client } demande l’accès à votre compte
consent-pay-heading = { $client } demande à envoyer de l’argent depuis votre compte
consent-device-heading = Relier { $client } à votre compte ?
consent-modify-heading = { $client } demande à changer ce que vous avez autorisé
consent-modifies = Ceci change quelque chose que vous avez déjà autorisé. Ce qui est nouveau, modifié ou n’est plus demandé est signalé.
consent-keeps = Ce que vous avez déjà autorisé le reste.
consent-unseen = La réponse ne passe pas par ce navigateur, et nul ne peut voir où elle arrive. Ne continuez que si vous avez commencé ceci vous-même, dans un programme devant vous. Si quelqu’un vous a envoyé ce lien, appuyez sur « Refuser ».
consent-what = Ce qui serait permis
consent-only-know = Savoir que vous avez un compte ici, et rien d’autre
consent-optional = (à votre choix)
consent-where = Auprès de
consent-whom = Pour qui
consent-as = Vous autorisez en tant que
consent-switch = Ce n’est pas vous ?
consent-approve = Autoriser
consent-deny = Refuser
consent-fine = Vous pouvez y mettre fin à tout moment sous « Ce que j’ai autorisé ».
consent-privacy = Politique de confidentialité chez { $host } (s’ouvre dans un nouvel onglet)
consent-terms = Conditions d’utilisation chez { $host } (s’ouvre dans un nouvel onglet)
consent-message = { $client } indique
consent-problem-confirm = Cochez d’abord la case pour dire que c’est votre appareil et que le code est le même. Si ce n’est pas le vôtre, appuyez sur « Refuser ».
consent-problem-changed = La demande a changé depuis que vous l’avez lue ; rien n’a été autorisé. Relisez-la.

asker-first-seen = Vu ici la première fois :
standing-first_party = Fait partie de ce service
standing-proven = Identité vérifiée
standing-unproven = Identité non vérifiée : n’importe qui peut utiliser ce nom
name-only-said = « { $name } » (non vérifié)
standing-only-said = Non vérifié : elle ne fait que le dire d’elle-même
standing-wallet = Vérifié par la clé de son portefeuille
asker-says-host = Dit appartenir à { $host }
asker-says-wallet = Dit que son portefeuille est
asker-answer-host = Vous renvoie vers { $host }

mark-mixed-scripts = Ce nom mêle des lettres de différents alphabets. Il en imite peut-être un autre.
mark-look-alike = Ce nom utilise des lettres d’un autre alphabet qui ressemblent aux lettres latines. Il en imite peut-être un autre.
mark-hidden-characters = Ce nom contient des caractères cachés, montrés ici par ⟨U+…⟩.
mark-reserved-word = Ce nom paraît officiel. Il ne vient pas de ce service.

## Ce qui est demandé, outre les scopes
ask-change-same = Comme avant
ask-change-added = Nouveau
ask-change-changed = Modifié
ask-change-removed = N’est plus demandé
ask-before = Jusqu’ici
ask-after = Désormais

payment-outgoing-create = Envoyer de l’argent depuis votre compte
payment-outgoing-see = Voir les paiements que l’application a faits depuis votre compte
payment-outgoing-see-all = Voir tous les paiements depuis votre compte, même ceux que l’application n’a pas faits
payment-incoming-create = Préparer des paiements vers votre compte
payment-incoming-complete = Clore des paiements vers votre compte, pour que plus rien n’arrive
payment-incoming-see = Voir les paiements vers votre compte que l’application a préparés
payment-incoming-see-all = Voir tous les paiements vers votre compte, même ceux que l’application n’a pas préparés
payment-quote-create = Demander ce que coûterait un paiement depuis votre compte
payment-quote-see = Voir les prix que l’application a demandés
payment-quote-see-all = Voir tous les prix pour votre compte, même ceux que l’application n’a pas demandés
payment-outgoing = Paiements depuis votre compte
payment-incoming = Paiements vers votre compte
payment-quote = Prix des paiements depuis votre compte
payment-also = Elle pourrait aussi
payment-nothing-said = Ce que l’application y ferait n’est pas dit.
payment-up-to = Jusqu’à
payment-to = À
payment-to-anyone = qui elle veut
payment-no-limit = Sans limite
payment-no-limit-note = L’application pourrait envoyer n’importe quel montant. Autorisez-le seulement si vous lui confiez tout ce qui est sur le compte.
payment-often = À quel rythme
payment-in-total = au total, jusqu’à ce que vous y mettiez fin
payment-debit = Rien de plus ne quitte votre compte.
payment-receive = C’est ce qui arrive. Avec les frais et le change, davantage peut quitter votre compte.
payment-of-which = Sur ce montant, jusqu’à { $amount } arrivent.
payment-total = Au plus { $amount } en tout.
payment-account = Votre compte
payment-any-account = n’importe lequel des vôtres
money-odd-asset = « { $asset } »
money-no-asset = d’un actif sans nom

interval-times = { $count ->
    [0] { $shown } fois
    [one] une fois
   *[other] { $shown } fois
}
interval-endless = sans fin
interval-from = à partir du
every-years = { $count ->
    [one] chaque année
   *[other] tous les { $shown } ans
}
every-months = { $count ->
    [one] chaque mois
   *[other] tous les { $shown } mois
}
every-weeks = { $count ->
    [one] chaque semaine
   *[other] toutes les { $shown } semaines
}
every-days = { $count ->
    [one] chaque jour
   *[other] tous les { $shown } jours
}
every-hours = { $count ->
    [one] chaque heure
   *[other] toutes les { $shown } heures
}
every-minutes = { $count ->
    [one] chaque minute
   *[other] toutes les { $shown } minutes
}
every-seconds = { $count ->
    [one] chaque seconde
   *[other] toutes les { $shown } secondes
}
length-years = { $count ->
    [one] { $shown } an
   *[other] { $shown } ans
}
length-months = { $count ->
    [one] { $shown } mois
   *[other] { $shown } mois
}
length-weeks = { $count ->
    [one] { $shown } semaine
   *[other] { $shown } semaines
}
length-days = { $count ->
    [one] { $shown } jour
   *[other] { $shown } jours
}
length-hours = { $count ->
    [one] { $shown } heure
   *[other] { $shown } heures
}
length-minutes = { $count ->
    [one] { $shown } minute
   *[other] { $shown } minutes
}
length-seconds = { $count ->
    [one] { $shown } seconde
   *[other] { $shown } secondes
}
every-length = par périodes de { $length }
length-and = { $first } et { $last }

right-use = Utiliser { $right }
right-actions = Ce que l’application ferait
right-locations = Où
right-datatypes = Genres de données
right-identifier = Seulement pour
right-not-said = non précisé
right-privileges = Privilèges

identity-title = Savoir qui vous êtes
identity-account = L’adresse de votre compte
identity-aliases = Tous les identifiants sous lesquels vous êtes connu ici
identity-did = Votre identifiant décentralisé
identity-email = Votre adresse e-mail
identity-iss_sub = Un identifiant de vous chez ce service
identity-opaque = Un identifiant qui ne dit rien d’autre de vous
identity-phone_number = Votre numéro de téléphone
identity-uri = Une adresse web qui vous représente
identity-id_token = Une déclaration signée de qui vous êtes
identity-saml2 = Une déclaration signée de qui vous êtes (SAML)

## Un appareil
device-heading = Votre appareil affiche-t-il ce code ?
device-requested = Demandé
device-from = depuis { $address }
device-warning = Continuez seulement si vous avez commencé vous-même, sur un appareil devant vous. Personne ne devrait jamais vous demander ce code. Si quelqu’un vous l’a envoyé, appuyez sur « Refuser ».
device-confirm = C’est mon appareil, et il affiche le même code

code-title = Relier un appareil
code-heading = Saisissez le code de votre appareil
code-lead = Votre appareil ou votre programme affiche un code court. Saisissez-le ici.
code-lead-prefilled = Comparez ce code avec celui de votre appareil. Continuez seulement s’ils sont identiques.
code-label = Code
code-hint = Majuscules ou minuscules, avec ou sans tirets : tout convient.
code-submit = Continuer
code-fine = Quelqu’un vous a envoyé ce code ou demandé d’en saisir un ? Alors fermez cette page.
code-problem-unknown = Aucune demande n’attend ce code. Vérifiez-le, ou recommencez sur votre appareil pour en obtenir un nouveau.
code-problem-expired = Ce code a expiré. Recommencez sur votre appareil pour en obtenir un nouveau.
code-problem-in-use = Quelqu’un d’autre regarde cette demande. Si ce n’est pas vous dans un autre navigateur, recommencez sur votre appareil.
code-problem-wait = Trop de codes faux. Attendez { $time }, puis réessayez.

## Résultat
outcome-approved-title = Autorisé
outcome-approved = Vous avez autorisé l’accès.
outcome-approved-for = Vous avez autorisé l’accès à { $client }.
outcome-denied-title = Refusé
outcome-denied = Rien n’a été autorisé.
outcome-denied-for = Rien n’a été autorisé à { $client }.
outcome-expired-title = Trop tard
outcome-expired = Cette demande a expiré. Rien n’a été autorisé.
outcome-expired-for = La demande de { $client } a expiré. Rien n’a été autorisé.
outcome-answered-title = Déjà répondu
outcome-answered = Cette demande a reçu sa réponse et ne peut pas en recevoir d’autre.
outcome-answered-for = La demande de { $client } a reçu sa réponse et ne peut pas en recevoir d’autre.
next-device = Vous pouvez fermer cette fenêtre et revenir à votre appareil.
next-device-expired = Recommencez sur votre appareil pour obtenir un nouveau code.
next-new-code = Saisir un nouveau code
next-start-again = Recommencer
next-continue = Continuer
next-continue-to = Continuer vers { $client }
next-expired = Revenez d’où vous venez et recommencez.
next-account = Retour à votre compte
next-close = Vous pouvez fermer cette fenêtre.

live-left = Temps restant :
live-go-on = Continuer

## Ce que j’ai autorisé
grants-title = Ce que j’ai autorisé
grants-lead = Applications et appareils qui peuvent agir pour { $name }.
grants-clients = Accès
grants-empty = Vous n’avez rien autorisé. Ce que vous autoriserez apparaîtra ici.
grants-since = Depuis le
grants-last-used = dernière utilisation
grants-never-used = jamais utilisé
grants-revoke = Retirer
grants-revoke-of = Retirer l’accès de { $client }
grants-note = Le retrait prend effet aussitôt. Pour un nouvel accès, il faudra vous redemander.
grants-revoke-all = Tout retirer …
grants-revoke-all-sure = Tout ce qui figure ici prend fin aussitôt. Pour un nouvel accès, chaque application et chaque appareil devra vous redemander.
grants-revoke-all-yes = Tout retirer
grants-notice-revoked = L’accès de { $client } a pris fin.
grants-notice-all-revoked = Tous les accès ont pris fin.
grants-notice-session-ended = Ce navigateur est déconnecté.
grants-notice-others-ended = Tous les autres navigateurs sont déconnectés.
waiting-title = En attente de votre réponse
waiting-since = Demandé
waiting-until = ouvert jusqu’au
waiting-modifies = Cela changerait quelque chose que vous avez déjà autorisé.
waiting-open = Voir la demande
waiting-open-of = Voir la demande de { $client }
waiting-note = Rien n’est autorisé tant que vous ne le dites pas. Ce à quoi vous ne répondez pas à temps tombe de lui-même.
sessions-title = Où je suis connecté
sessions-current = Ce navigateur
sessions-since = connexion
sessions-last-used = dernière utilisation pour une application
sessions-end = Terminer
sessions-end-of = Terminer la connexion de { $browser }
sessions-end-several = Se déconnecter dans plusieurs navigateurs …
sessions-end-several-sure = Ces navigateurs sont déconnectés aussitôt. Ce que les applications ne peuvent faire que tant que vous y êtes connecté prend fin aussi.
sessions-end-others-yes = Déconnecter tous les autres
sessions-end-all-yes = Se déconnecter partout

## Déconnexion
sign-out-title = Se déconnecter ?
sign-out-lead = Vous êtes connecté en tant que { $name }.
sign-out-asked = { $client } vous demande de vous déconnecter. Vous êtes connecté en tant que { $name }.
sign-out-yes = Se déconnecter
sign-out-stay = Rester connecté
signed-out-title = Vous êtes déconnecté
signed-out-lead = Vous avez quitté { $brand } dans ce navigateur.
signed-out-sign-in = Se connecter à nouveau

## En chemin
form-post-title = Un instant
form-post-lead = Vous allez être redirigé.
form-post-lead-to = Vous allez revenir à { $client }.

## Erreurs
error-title = Cela n’a pas marché
error-code = Code
error-detail = Détails
error-request = Requête
error-restart = Recommencer
error-retry = Réessayez dans { $time }.
error-other = La demande n’a pas pu aboutir. Rien n’a été autorisé.
error-invalid_request = L’application a envoyé une demande que ce service ne comprend pas. Seuls ses auteurs peuvent y remédier.
error-invalid_client = L’application n’est pas connue ici. Seuls ses auteurs peuvent y remédier.
error-unauthorized_client = L’application ne peut pas demander de cette façon. Seuls ses auteurs peuvent y remédier.
error-unsupported_response_type = L’application demande une réponse que ce service ne donne pas. Seuls ses auteurs peuvent y remédier.
error-invalid_scope = L’application demande quelque chose qui n’existe pas ici. Seuls ses auteurs peuvent y remédier.
error-invalid_target = L’application demande un lieu qui n’existe pas ici. Seuls ses auteurs peuvent y remédier.
error-invalid_redirect_uri = L’application veut la réponse à une adresse qui n’est pas enregistrée pour elle. Vous n’y avez pas été envoyé.
error-access_denied = Cela n’a pas été autorisé.
error-expired = Cette demande a expiré. Rien n’a été autorisé. Revenez d’où vous venez et recommencez.
error-forged_form = Le formulaire ne venait pas d’une page ouverte ici ; rien n’a été fait. Revenez en arrière et réessayez.
error-other_browser = Cette demande a commencé dans un autre navigateur et ne peut recevoir de réponse que là. Si vous ne l’avez pas commencée, fermez cette page.
error-in_use = Quelqu’un d’autre regarde cette demande. Rien n’a été décidé ici.
error-other_network = Cet appareil ne peut être connecté que depuis le réseau où il se trouve. Ouvrez cette page là-bas.
error-answered = Cette demande a déjà reçu une réponse. Rien de plus n’a été fait.
error-ended = Cette demande a pris fin avant de recevoir une réponse. Rien n’a été autorisé.
error-invalid_form = Il manque quelque chose dans le formulaire ; rien n’a été fait. Revenez en arrière et réessayez.
error-not_found = Il n’y a rien à cette adresse. Elle a peut-être expiré.
error-method_not_allowed = Cette adresse ne s’utilise pas ainsi.
error-payload_too_large = L’envoi est trop grand.
error-too_many_requests = Trop de requêtes sont venues d’ici.
error-server_error = Quelque chose s’est cassé chez nous. Rien n’a été autorisé. Réessayez.
error-temporarily_unavailable = Le service est occupé pour le moment. Rien n’est perdu.

## Temps
time-just-now = à l’instant
time-minutes-ago = { $count ->
    [one] il y a { $count } minute
   *[other] il y a { $count } minutes
}
time-hours-ago = { $count ->
    [one] il y a { $count } heure
   *[other] il y a { $count } heures
}
time-days-ago = { $count ->
    [one] il y a { $count } jour
   *[other] il y a { $count } jours
}
time-seconds = { $count ->
    [one] { $count } seconde
   *[other] { $count } secondes
}
time-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
time-hours = { $count ->
    [one] { $count } heure
   *[other] { $count } heures
}
time-days = { $count ->
    [one] { $count } jour
   *[other] { $count } jours
}
time-day = { $day } { $month } { $year }
time-moment = { $day } { $month } { $year }, { $clock } UTC
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre

## Scopes d’OpenID Connect
scope-profile = Voir votre nom, votre photo et d’autres détails de votre profil
scope-email = Voir votre adresse e-mail
scope-address = Voir votre adresse postale
scope-phone = Voir votre numéro de téléphone
scope-offline_access = Conserver cet accès en votre absence
