//! Reading of request bodies, within limits on time and size, and their decompression.

use std::io::{Error, ErrorKind, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt;

use super::accept::MediaType;
use super::response::{ErrorResponse, Outcome};
use crate::graphql::limits::{grouped, len_u64};
use crate::graphql::refusal::{Code, QUOTED_CHARS_MAX, truncate_chars};

/// The accepted content codings, for clients.
const ACCEPTED_CODINGS: HeaderValue = HeaderValue::from_static("gzip, identity");

/// Limits of a body.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Maximum size in bytes, both as sent and decompressed.
    pub bytes_max: usize,
    /// Timeout for the whole body to arrive.
    pub time_max: Duration,
}

/// The content coding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
}

/// Reads a body and decompresses it. Nothing is read of a body that is announced as too large, and
/// decompression stops at the limit.
///
/// # Errors
///
/// 415 for a content coding other than gzip, 413 for a larger body, 408 for a timeout, 400 for an
/// incomplete body or invalid gzip.
pub async fn read_body(
    media: MediaType,
    headers: &HeaderMap,
    body: Body,
    limits: BodyLimits,
) -> Result<Bytes, ErrorResponse> {
    let coding = coding(media, headers)?;
    let BodyLimits { bytes_max, time_max } = limits;
    let announced: Option<u64> =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let too_large = |when: &str| {
        let max = size(bytes_max);
        let message = match announced {
            Some(length) if length > len_u64(bytes_max) => {
                format!(
                    "The request body has {} bytes; the maximum is {max}. Send less at a time.",
                    grouped(length)
                )
            }
            _ => format!("The request body is larger than the maximum of {max}{when}. Send less at a time."),
        };
        let status = Outcome::Http(StatusCode::PAYLOAD_TOO_LARGE);
        ErrorResponse::new(media, status, Code::BadUserInput, message)
    };
    if announced.is_some_and(|length| length > len_u64(bytes_max)) {
        return Err(too_large(""));
    }
    let mut decoder = match coding {
        Coding::Identity => Decoder::Identity(Vec::new()),
        Coding::Gzip => {
            let buffer = BoundedBuffer { bytes: Vec::new(), bytes_max };
            Decoder::Gzip(Box::new(MultiGzDecoder::new(buffer)))
        }
    };
    let not_gzip = |error: &Error, why: &str| match error.kind() {
        ErrorKind::FileTooLarge => too_large(" when it is decompressed"),
        _ => ErrorResponse::malformed(media, format!("The request body is not valid gzip{why}.")),
    };
    let mut stream = body.into_data_stream();
    let reading = async {
        let mut length = 0;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| {
                let message = "The request body is incomplete: the connection was interrupted.";
                ErrorResponse::malformed(media, message)
            })?;
            length += chunk.len();
            if length > bytes_max {
                return Err(too_large(""));
            }
            decoder.add(chunk).map_err(|error| not_gzip(&error, ", as Content-Encoding says"))?;
        }
        Ok(())
    };
    tokio::time::timeout(time_max, reading).await.map_err(|_| {
        let status = Outcome::Http(StatusCode::REQUEST_TIMEOUT);
        let message = format!("The request body did not arrive completely within {time_max:?}.");
        ErrorResponse::new(media, status, Code::OperationTimeout, message)
    })??;
    decoder.finish().map_err(|error| not_gzip(&error, ": its end is missing or its checksum is wrong"))
}

/// The content coding by the headers.
fn coding(media: MediaType, headers: &HeaderMap) -> Result<Coding, ErrorResponse> {
    let given: Vec<&str> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("(not ASCII)").split(','))
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
        .collect();
    match given[..] {
        [] => return Ok(Coding::Identity),
        // RFC 9110 has the second as an alias.
        [one] if one.eq_ignore_ascii_case("gzip") || one.eq_ignore_ascii_case("x-gzip") => {
            return Ok(Coding::Gzip);
        }
        _ => {}
    }
    let given = truncate_chars(given.join(", "), QUOTED_CHARS_MAX);
    let message = format!(
        "The Content-Encoding {given:?} is not supported; send the body compressed by gzip, or uncompressed."
    );
    let status = Outcome::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let mut refusal = ErrorResponse::new(media, status, Code::BadUserInput, message);
    refusal.header = Some((ACCEPT_ENCODING, ACCEPTED_CODINGS));
    Err(refusal)
}

/// Collects the chunks of a body.
enum Decoder {
    Identity(Vec<Bytes>),
    Gzip(Box<MultiGzDecoder<BoundedBuffer>>),
}

impl Decoder {
    fn add(&mut self, chunk: Bytes) -> Result<(), Error> {
        match self {
            // Nearly every body arrives in one chunk, which need not be copied.
            Self::Identity(chunks) => {
                chunks.push(chunk);
                Ok(())
            }
            Self::Gzip(decoder) => decoder.write_all(&chunk),
        }
    }

    fn finish(self) -> Result<Bytes, Error> {
        match self {
            Self::Identity(mut chunks) if chunks.len() == 1 => Ok(chunks.swap_remove(0)),
            Self::Identity(chunks) => Ok(chunks.concat().into()),
            Self::Gzip(decoder) => Ok(decoder.finish()?.bytes.into()),
        }
    }
}

/// A buffer that accepts a maximum of bytes.
struct BoundedBuffer {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Write for BoundedBuffer {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if bytes.len() > self.bytes_max - self.bytes.len() {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// A number of bytes for people.
fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes > 0 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes > 0 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{} bytes", grouped(len_u64(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::stream;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits { bytes_max: 4 << 10, time_max: Duration::from_secs(10) };

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("a buffer accepts everything");
        encoder.finish().expect("a buffer accepts everything")
    }

    /// Reads a body that arrives byte by byte.
    async fn read(codings: &[&'static str], bytes: &[u8]) -> Result<Bytes, (Outcome, String)> {
        let headers: HeaderMap =
            codings.iter().map(|coding| (CONTENT_ENCODING, HeaderValue::from_static(coding))).collect();
        let chunks: Vec<_> = bytes.iter().map(|byte| Ok::<_, Error>(vec![*byte])).collect();
        let body = Body::from_stream(stream::iter(chunks));
        let read = read_body(MediaType::Json, &headers, body, LIMITS).await;
        read.map_err(|refused| (refused.outcome, refused.errors[0].message.clone()))
    }

    #[tokio::test]
    async fn bodies_are_decompressed_within_the_limit() {
        let (text, zeros) = (b"{\"query\": \"{ a }\"}", vec![0; (4 << 10) + 1]);
        let members = [gzip(b"{\"query\": "), gzip(b"\"{ a }\"}")].concat();
        for (codings, bytes) in [
            (&[][..], text.to_vec()),
            (&["identity"], text.to_vec()),
            (&["gzip"], gzip(text)),
            (&["X-GZIP"], gzip(text)),
            (&["identity, GZip"], gzip(text)),
            (&["gzip"], members),
        ] {
            assert_eq!(read(codings, &bytes).await.expect("a body"), &text[..], "{codings:?}");
        }
        assert_eq!(read(&["gzip"], &gzip(&zeros[1..])).await.expect("a body").len(), 4 << 10);
        let compressed = gzip(&zeros);
        assert!(compressed.len() < 100);
        let mut damaged = gzip(text);
        damaged[12] ^= 0xff;
        let large = "The request body is larger than the maximum of 4 KiB. Send less at a time.";
        let bomb = "The request body is larger than the maximum of 4 KiB when it is decompressed. Send less at a time.";
        let not_gzip = "The request body is not valid gzip, as Content-Encoding says.";
        let no_end = "The request body is not valid gzip: its end is missing or its checksum is wrong.";
        let brotli = "The Content-Encoding \"br\" is not supported; send the body compressed by gzip, or uncompressed.";
        let twice = "The Content-Encoding \"gzip, gzip\" is not supported; send the body compressed by gzip, or uncompressed.";
        for (codings, bytes, status, message) in [
            (&[][..], zeros.clone(), 413, large),
            (&["gzip"], compressed, 413, bomb),
            (&["gzip"], text.to_vec(), 400, not_gzip),
            (&["gzip"], damaged, 400, no_end),
            (&["gzip"], gzip(text)[..20].to_vec(), 400, no_end),
            (&["gzip"], Vec::new(), 400, no_end),
            (&["br"], text.to_vec(), 415, brotli),
            (&["gzip, gzip"], gzip(&gzip(text)), 415, twice),
            (&["gzip", "gzip"], gzip(&gzip(text)), 415, twice),
        ] {
            let (outcome, refused) = read(codings, &bytes).await.expect_err(message);
            assert_eq!(refused, message);
            let status = StatusCode::from_u16(status).expect("a status");
            assert!(status == 400 || outcome == Outcome::Http(status), "{message}");
        }
    }
}
