//! Packed text, up to the last byte before a damage: however much is read at a time, nothing that can be decoded is lost.

use crate::codec::{self, Decoder};
use crate::source::{Opened, Site};
use std::io::{self, Read};

/// Decoded text, up to the last byte before a damage.
pub(super) struct Packed<'a, R: Read> {
    decoder: Decoder<R>,
    /// Where to read once more; streams have no such place, and lose the text of the call that fails.
    site: Option<Site<'a>>,
    /// Bytes of text given so far.
    given: u64,
    /// What is wrong, once all text before it was given.
    damage: Option<io::Error>,
}

impl<'a, R: Read> Packed<'a, R> {
    /// Text that lies at `site`, where it can be read once more.
    pub(super) const fn new(decoder: Decoder<R>, site: Option<Site<'a>>) -> Self {
        Self { decoder, site, given: 0, damage: None }
    }

    /// See [`Decoder::blanks`].
    pub(super) fn blanks(&self) -> u64 {
        self.decoder.blanks()
    }
}

impl<R: Read> Read for Packed<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(damage) = self.damage.take() {
            return Err(damage);
        }
        let read = match self.decoder.read(out) {
            Err(error) if is_damage(&error) => {
                let again = self.site.and_then(|site| site.open().ok());
                let read = again.map_or(0, |file| codec::up_to_damage(file, self.given, out));
                if read == 0 {
                    return Err(error);
                }
                self.damage = Some(error);
                read
            }
            read => read?,
        };
        self.given += read as u64;
        Ok(read)
    }
}

/// Whether the bytes are wrong, not the reading of them. Where they only end early no text is lost.
fn is_damage(error: &io::Error) -> bool {
    let of_reading = [io::ErrorKind::Interrupted, io::ErrorKind::UnexpectedEof];
    error.raw_os_error().is_none() && !codec::says_all(error) && !of_reading.contains(&error.kind())
}

/// The text of a file, as far as it can be decoded: damage is its end.
pub(super) struct Readable<'a>(Packed<'a, Opened>);

impl<'a> Readable<'a> {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is not a regular file or cannot be opened, or its first bytes cannot be decoded.
    pub(super) fn open(site: Site<'a>) -> io::Result<Self> {
        Ok(Self(Packed::new(Decoder::new(site.open()?)?, Some(site))))
    }
}

impl Read for Readable<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let is_of_system =
            |error: &io::Error| error.raw_os_error().is_some() || error.kind() == io::ErrorKind::Interrupted;
        self.0.read(out).or_else(|error| if is_of_system(&error) { Err(error) } else { Ok(0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Codec, MAGIC_LEN};
    use crate::source::{ORIGINS, Origin};
    use proptest::prelude::*;
    use std::io::Write;
    use std::path::Path;

    /// All text of a damaged file, and whether the damage was told at its end.
    fn by_portions(path: &Path, portion: usize) -> (Vec<u8>, bool) {
        let origin = Origin::File(path.to_owned());
        let site = Site { origins: ORIGINS, origin: &origin };
        let mut packed = Packed::new(Decoder::new(site.open().unwrap()).unwrap(), Some(site));
        let (mut text, mut buffer) = (Vec::new(), vec![0; portion]);
        loop {
            match packed.read(&mut buffer) {
                Ok(0) => return (text, false),
                Ok(read) => text.extend(&buffer[..read]),
                Err(_) => return (text, true),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn text_before_a_damage_does_not_depend_on_portions(
            codec in prop::sample::select(&[Codec::Gzip, Codec::Zstd][..]),
            numbers in 1..20_000u32,
            place in any::<prop::sample::Index>(),
            harm in prop::collection::vec(any::<u8>(), 1..40),
        ) {
            let text: Vec<u8> = (0..numbers).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_string().into_bytes()).collect();
            let mut encoder = codec::Encoder::new(codec, Vec::new()).unwrap();
            encoder.write_all(&text).unwrap();
            let mut bytes = encoder.finish().unwrap();
            // The first bytes tell the codec.
            let at = MAGIC_LEN + place.index(bytes.len() - MAGIC_LEN);
            let len = harm.len().min(bytes.len() - at);
            bytes[at..at + len].copy_from_slice(&harm[..len]);
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&bytes).unwrap();
            let whole = by_portions(file.path(), 1 << 20);
            for portion in [777, 64 << 10] {
                prop_assert!(by_portions(file.path(), portion) == whole, "{portion}");
            }
        }
    }
}
