//! An address as a QR code that is part of a page.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

use super::escape::escape;

/// The empty border around a code, in modules, that readers need.
const BORDER: usize = 4;

/// A text as a drawing in SVG with a description; none if it is too long for a code. The colours are those of the style
/// sheet: the policy of the page allows no others.
pub(super) fn svg(text: &str, description: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for y in 0..width {
        for x in (0..width).filter(|x| code[(*x, y)] == Color::Dark) {
            // Writing to a string does not fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + BORDER, y + BORDER);
        }
    }
    let size = width + 2 * BORDER;
    Some(format!(
        "<svg class=\"code\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {size} {size}\" \
         shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg>",
        escape(description)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_code() {
        let drawn = svg("https://partners.example.com/certificates/0123456789abcdefABCDEF", "A \"code\"");
        let drawn = drawn.expect("a code");
        assert!(drawn.contains("aria-label=\"A &quot;code&quot;\""), "{drawn}");
        // The corner of the first finder pattern.
        assert!(drawn.contains("d=\"M4 4h1v1h-1zM5 4h1v1h-1z"), "{drawn}");
        assert!(!drawn.contains("style"), "{drawn}");
        assert_eq!(svg(&"x".repeat(10_000), ""), None);
    }
}
