import type { Language } from "../../shared/language";
import { de } from "./de";
import { en, type Words } from "./en";
import { es } from "./es";
import { fr } from "./fr";
import { pt } from "./pt";

export type { Words } from "./en";
export const WORDS: Record<Language, Words> = { en, de, es, fr, pt };
