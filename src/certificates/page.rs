//! The page of a certificate, for people: on a screen and on paper, without scripts.

use super::escape::escape;
use super::qr_code;
use super::texts::Texts;
use crate::credential::Issuer;
use crate::service::certificates::Certificate;

/// The style sheet, which is a file of its own because the policy of the page allows no styles in it.
pub(super) const STYLE: &str = include_str!("certificates.css");

/// The page.
pub(super) fn html(certificate: &Certificate, issuer: &Issuer, texts: &Texts) -> String {
    let url = issuer.certificate_url(&certificate.row.token);
    let holder = certificate.holder.as_deref();
    let level = escape(&certificate.level.name);
    let title = match holder {
        Some(holder) => format!("{} – {level}", escape(holder)),
        None => level.clone(),
    };
    let until = match certificate.valid_until() {
        Some(day) => format!("<time datetime=\"{day}\">{day}</time>"),
        None => texts.unlimited.to_owned(),
    };
    let code = qr_code::svg(&url, texts.code).unwrap_or_default();
    let status = super::word(certificate.status);
    let credential = match holder {
        Some(_) => format!("<p><a href=\"{0}/credential\">{1}</a></p>", escape(&url), texts.credential),
        None => String::new(),
    };
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/certificates/style.css\">\n</head>\n<body>\n<main class=\"{status}\">\n\
         <p class=\"issuer\">{issuer_name}</p>\n<h1>{certificate_word}</h1>\n\
         <p>{says}</p>\n<p class=\"holder\">{holder}</p>\n<p>{holds}</p>\n<p class=\"level\">{level}</p>\n\
         <dl>\n<dt>{status_word}</dt><dd class=\"status\">{status_text}</dd>\n\
         <dt>{program_word}</dt><dd>{program}</dd>\n\
         <dt>{from_word}</dt><dd><time datetime=\"{from}\">{from}</time></dd>\n\
         <dt>{until_word}</dt><dd>{until}</dd>\n<dt>{issued_by}</dt><dd>{issuer_name}</dd>\n</dl>\n\
         <figure>\n{code}\n<figcaption>{check}<br><a href=\"{url}\">{url}</a></figcaption>\n</figure>\n\
         {credential}\n</main>\n</body>\n</html>\n",
        language = texts.language,
        issuer_name = escape(issuer.name()),
        certificate_word = texts.certificate,
        says = texts.says,
        holder = escape(holder.unwrap_or(texts.erased)),
        holds = texts.holds,
        status_word = texts.status,
        status_text = texts.status_text(certificate.status),
        program_word = texts.program,
        program = texts.program_text(certificate.level_of()),
        from_word = texts.from,
        from = certificate.row.valid_from,
        until_word = texts.until,
        issued_by = texts.issued_by,
        check = texts.check,
        url = escape(&url),
    )
}
