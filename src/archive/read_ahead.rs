//! Unpacking on a thread of its own, ahead of whoever reads.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use flate2::read::MultiGzDecoder;

/// Length of what is handed from one thread to another.
pub(super) const PART_BYTES: usize = 256 << 10;
/// Parts that wait for the other thread.
pub(super) const PARTS_AHEAD: usize = 4;

/// What is unpacked, in its order.
#[derive(Debug)]
pub(super) struct ReadAhead {
    parts: Receiver<io::Result<Vec<u8>>>,
    part: Vec<u8>,
    place: usize,
}

impl ReadAhead {
    /// Unpacks a file until its end, or until nobody reads any more.
    pub(super) fn unpack(input: impl Read + Send + 'static) -> io::Result<Self> {
        let (to, parts) = sync_channel(PARTS_AHEAD);
        thread::Builder::new().name("archive".to_owned()).spawn(move || {
            let mut unpacked = MultiGzDecoder::new(BufReader::with_capacity(PART_BYTES, input));
            loop {
                let mut part = Vec::with_capacity(PART_BYTES);
                let read = unpacked.by_ref().take(PART_BYTES as u64).read_to_end(&mut part);
                let is_end = part.is_empty();
                // What was unpacked before an error is read before it.
                let is_read = is_end || to.send(Ok(part)).is_ok();
                match read {
                    Ok(_) if is_read && !is_end => {}
                    Ok(_) => return,
                    Err(error) => {
                        // Whoever reads may be gone.
                        let _ = to.send(Err(error));
                        return;
                    }
                }
            }
        })?;
        Ok(Self { parts, part: Vec::new(), place: 0 })
    }
}

impl BufRead for ReadAhead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.place >= self.part.len() {
            (self.part, self.place) = match self.parts.recv() {
                Ok(part) => (part?, 0),
                // The thread has ended after the last part.
                Err(_) => (Vec::new(), 0),
            };
        }
        Ok(&self.part[self.place..])
    }

    fn consume(&mut self, amount: usize) {
        self.place += amount;
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let part = self.fill_buf()?;
        let length = part.len().min(buffer.len());
        buffer[..length].copy_from_slice(&part[..length]);
        self.consume(length);
        Ok(length)
    }
}
