//! The words of the page, in the languages of the console.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

use crate::credential::CertifiedLevel;
use crate::program::certificate::Status;

/// The words of the page in one language.
#[derive(Debug)]
pub(super) struct Texts {
    /// The language, as the page declares it.
    pub(super) language: &'static str,
    /// The kind of document.
    pub(super) certificate: &'static str,
    /// Before the name of the holder.
    pub(super) says: &'static str,
    /// Between the name of the holder and the level.
    pub(super) holds: &'static str,
    /// In place of the name that was erased.
    pub(super) erased: &'static str,
    pub(super) program: &'static str,
    pub(super) from: &'static str,
    pub(super) until: &'static str,
    /// The last day of a level that is never lost.
    pub(super) unlimited: &'static str,
    pub(super) issued_by: &'static str,
    pub(super) status: &'static str,
    /// Describes the code.
    pub(super) code: &'static str,
    /// Below the code.
    pub(super) check: &'static str,
    /// The link to the signed credential.
    pub(super) credential: &'static str,
    valid: &'static str,
    ended: &'static str,
    revoked: &'static str,
    partners: &'static str,
    professionals: &'static str,
    technical: &'static str,
    business: &'static str,
}

impl Texts {
    /// What a status means.
    pub(super) fn status_text(&self, status: Status) -> &'static str {
        match status {
            Status::Valid => self.valid,
            Status::Ended => self.ended,
            Status::Revoked => self.revoked,
        }
    }

    /// The program, and the track where there is one.
    pub(super) fn program_text(&self, level_of: CertifiedLevel) -> String {
        match level_of {
            CertifiedLevel::Technical => format!("{}, {}", self.partners, self.technical),
            CertifiedLevel::Business => format!("{}, {}", self.partners, self.business),
            CertifiedLevel::Overall => self.partners.to_owned(),
            CertifiedLevel::Professional => self.professionals.to_owned(),
        }
    }
}

/// English first: it is the language of whoever asks for none of these.
static ALL: [Texts; 4] = [
    Texts {
        language: "en",
        certificate: "Certificate",
        says: "This certifies that",
        holds: "holds this level:",
        erased: "a holder whose data was erased",
        program: "Program",
        from: "From",
        until: "Through",
        unlimited: "without end",
        issued_by: "Issued by",
        status: "Status",
        code: "QR code with the address of this certificate",
        check: "This address shows whether the certificate is still valid:",
        credential: "Signed credential (Open Badges 3.0)",
        valid: "Valid",
        ended: "Ended",
        revoked: "Revoked",
        partners: "Partner program",
        professionals: "DevOps professional program",
        technical: "technical track",
        business: "business track",
    },
    Texts {
        language: "de",
        certificate: "Zertifikat",
        says: "Hiermit wird bestätigt, dass",
        holds: "diese Stufe hat:",
        erased: "eine Person, deren Daten gelöscht wurden,",
        program: "Programm",
        from: "Ab",
        until: "Bis einschließlich",
        unlimited: "unbefristet",
        issued_by: "Ausgestellt von",
        status: "Status",
        code: "QR-Code mit der Adresse dieses Zertifikats",
        check: "Diese Adresse zeigt, ob das Zertifikat noch gültig ist:",
        credential: "Signierter Nachweis (Open Badges 3.0)",
        valid: "Gültig",
        ended: "Abgelaufen",
        revoked: "Widerrufen",
        partners: "Partnerprogramm",
        professionals: "DevOps-Programm für Fachleute",
        technical: "technischer Bereich",
        business: "geschäftlicher Bereich",
    },
    Texts {
        language: "fr",
        certificate: "Certificat",
        says: "Il est certifié que",
        holds: "détient ce niveau :",
        erased: "une personne dont les données ont été effacées",
        program: "Programme",
        from: "À partir du",
        until: "Jusqu’au",
        unlimited: "sans limite",
        issued_by: "Délivré par",
        status: "Statut",
        code: "Code QR avec l’adresse de ce certificat",
        check: "Cette adresse indique si le certificat est encore valable :",
        credential: "Attestation signée (Open Badges 3.0)",
        valid: "Valable",
        ended: "Expiré",
        revoked: "Révoqué",
        partners: "Programme partenaire",
        professionals: "Programme DevOps des professionnels",
        technical: "volet technique",
        business: "volet commercial",
    },
    Texts {
        language: "nl",
        certificate: "Certificaat",
        says: "Hiermee wordt bevestigd dat",
        holds: "dit niveau heeft:",
        erased: "een persoon wiens gegevens zijn gewist",
        program: "Programma",
        from: "Vanaf",
        until: "Tot en met",
        unlimited: "onbeperkt",
        issued_by: "Uitgegeven door",
        status: "Status",
        code: "QR-code met het adres van dit certificaat",
        check: "Dit adres toont of het certificaat nog geldig is:",
        credential: "Ondertekend bewijs (Open Badges 3.0)",
        valid: "Geldig",
        ended: "Verlopen",
        revoked: "Ingetrokken",
        partners: "Partnerprogramma",
        professionals: "DevOps-programma voor professionals",
        technical: "technisch traject",
        business: "zakelijk traject",
    },
];

/// The words in the language that a reader prefers among those that there are.
pub(super) fn of_reader(headers: &HeaderMap) -> &'static Texts {
    let lists = headers.get_all(ACCEPT_LANGUAGE).into_iter().filter_map(|value| value.to_str().ok());
    let mut wanted: Vec<(f32, &str)> = lists.flat_map(|list| list.split(',')).map(preference).collect();
    // Stable: of two that are wanted alike, the first one.
    wanted.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut wanted = wanted.into_iter().filter(|(weight, _)| *weight > 0.0);
    let known = |language: &str| ALL.iter().find(|texts| texts.language.eq_ignore_ascii_case(language));
    wanted.find_map(|(_, language)| known(language)).unwrap_or(&ALL[0])
}

/// Weight and primary language of an element of the header, such as `de-BE;q=0.8`.
fn preference(element: &str) -> (f32, &str) {
    let (range, weight) = element.split_once(';').unwrap_or((element, "q=1"));
    let weight = weight.trim().strip_prefix("q=").and_then(|text| text.parse().ok()).unwrap_or(0.0);
    (weight, range.trim().split('-').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_in_the_readers_language() {
        for (accepted, expected) in [
            (None, "en"),
            (Some(""), "en"),
            (Some("de"), "de"),
            (Some("fr-BE, fr;q=0.9"), "fr"),
            (Some("en;q=0.5, NL;q=0.9"), "nl"),
            (Some("sv, de;q=0.2, nl;q=0.1"), "de"),
            (Some("de;q=0, *"), "en"),
            (Some("de;q=x"), "en"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accepted) = accepted {
                headers.insert(ACCEPT_LANGUAGE, accepted.parse().expect("a header value"));
            }
            assert_eq!(of_reader(&headers).language, expected, "{accepted:?}");
        }
    }
}
