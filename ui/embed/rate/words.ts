import type { Language } from "../shared/language";

/** Issues, as the API has them. */
export const ISSUES = [
  "imperfect-audio",
  "audio-latency",
  "one-way-audio",
  "dropped-call",
  "post-dial-delay",
  "digits-not-captured",
  "incorrect-caller-id",
  "unsolicited-call",
] as const;
export type Issue = (typeof ISSUES)[number];

/** What the widget says. `#` is a number. */
export interface Words extends Record<Issue, string> {
  question: string;
  scores: readonly [string, string, string, string, string];
  what: string;
  send: string;
  later: string;
  change: string;
  thanks: string;
  kept: string;
  waitsOne: string;
  waitsOther: string;
  refused: string;
}

export const WORDS: Record<Language, Words> = {
  en: {
    question: "How was the call?",
    scores: ["Very poor", "Poor", "Fair", "Good", "Perfect"],
    what: "What was wrong?",
    "imperfect-audio": "Bad sound",
    "audio-latency": "Delay",
    "one-way-audio": "Only one side heard",
    "dropped-call": "Call was cut off",
    "post-dial-delay": "Took long to connect",
    "digits-not-captured": "Keys not recognized",
    "incorrect-caller-id": "Wrong number shown",
    "unsolicited-call": "Unwanted call",
    send: "Send",
    later: "Not now",
    change: "Change",
    thanks: "Thank you for your rating.",
    kept: "Thank you. Your rating is kept here and sent as soon as possible.",
    waitsOne: "# rating waits to be sent.",
    waitsOther: "# ratings wait to be sent.",
    refused: "Your rating could not be taken.",
  },
  de: {
    question: "Wie war der Anruf?",
    scores: ["Sehr schlecht", "Schlecht", "Mittel", "Gut", "Perfekt"],
    what: "Was hat gestört?",
    "imperfect-audio": "Schlechter Ton",
    "audio-latency": "Verzögerung",
    "one-way-audio": "Nur eine Seite zu hören",
    "dropped-call": "Anruf brach ab",
    "post-dial-delay": "Verbindung dauerte lange",
    "digits-not-captured": "Tasten nicht erkannt",
    "incorrect-caller-id": "Falsche Nummer angezeigt",
    "unsolicited-call": "Unerwünschter Anruf",
    send: "Senden",
    later: "Jetzt nicht",
    change: "Ändern",
    thanks: "Danke für Ihre Bewertung.",
    kept: "Danke. Ihre Bewertung ist hier gespeichert und wird so bald wie möglich gesendet.",
    waitsOne: "# Bewertung wartet auf das Senden.",
    waitsOther: "# Bewertungen warten auf das Senden.",
    refused: "Ihre Bewertung konnte nicht angenommen werden.",
  },
  es: {
    question: "¿Qué tal la llamada?",
    scores: ["Muy mala", "Mala", "Regular", "Buena", "Perfecta"],
    what: "¿Qué falló?",
    "imperfect-audio": "Mal sonido",
    "audio-latency": "Retardo",
    "one-way-audio": "Solo se oía un lado",
    "dropped-call": "La llamada se cortó",
    "post-dial-delay": "Tardó en conectar",
    "digits-not-captured": "Teclas no reconocidas",
    "incorrect-caller-id": "Número mostrado incorrecto",
    "unsolicited-call": "Llamada no deseada",
    send: "Enviar",
    later: "Ahora no",
    change: "Cambiar",
    thanks: "Gracias por su valoración.",
    kept: "Gracias. Su valoración se guarda aquí y se enviará en cuanto sea posible.",
    waitsOne: "# valoración pendiente de envío.",
    waitsOther: "# valoraciones pendientes de envío.",
    refused: "No se pudo aceptar su valoración.",
  },
  fr: {
    question: "Comment était l’appel ?",
    scores: ["Très mauvais", "Mauvais", "Moyen", "Bon", "Parfait"],
    what: "Qu’est-ce qui n’allait pas ?",
    "imperfect-audio": "Mauvais son",
    "audio-latency": "Décalage",
    "one-way-audio": "Un seul côté audible",
    "dropped-call": "Appel coupé",
    "post-dial-delay": "Connexion trop lente",
    "digits-not-captured": "Touches non reconnues",
    "incorrect-caller-id": "Mauvais numéro affiché",
    "unsolicited-call": "Appel indésirable",
    send: "Envoyer",
    later: "Pas maintenant",
    change: "Modifier",
    thanks: "Merci pour votre évaluation.",
    kept: "Merci. Votre évaluation est conservée ici et sera envoyée dès que possible.",
    waitsOne: "# évaluation en attente d’envoi.",
    waitsOther: "# évaluations en attente d’envoi.",
    refused: "Votre évaluation n’a pas pu être acceptée.",
  },
  pt: {
    question: "Como foi a chamada?",
    scores: ["Muito má", "Má", "Razoável", "Boa", "Perfeita"],
    what: "O que correu mal?",
    "imperfect-audio": "Som mau",
    "audio-latency": "Atraso",
    "one-way-audio": "Só se ouvia um lado",
    "dropped-call": "A chamada caiu",
    "post-dial-delay": "Demorou a ligar",
    "digits-not-captured": "Teclas não reconhecidas",
    "incorrect-caller-id": "Número mostrado errado",
    "unsolicited-call": "Chamada indesejada",
    send: "Enviar",
    later: "Agora não",
    change: "Alterar",
    thanks: "Obrigado pela sua avaliação.",
    kept: "Obrigado. A sua avaliação fica guardada aqui e será enviada assim que possível.",
    waitsOne: "# avaliação por enviar.",
    waitsOther: "# avaliações por enviar.",
    refused: "Não foi possível aceitar a sua avaliação.",
  },
};
