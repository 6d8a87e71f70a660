//! The checksums that a trailer can carry: `x-amz-checksum-<algorithm>`, big-endian, in base64.

use base::Fault;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

use super::words;

const PREFIX: &str = "x-amz-checksum-";

/// Checks `body` against a trailer; a trailer that is no checksum has nothing to check.
///
/// # Errors
/// `BadDigest` if the checksum is another one, `InvalidRequest` if we can't compute it: nothing is believed unchecked.
pub(super) fn verify(trailer: &str, value: &str, body: &[u8]) -> Result<(), Fault> {
    let Some(algorithm) = trailer.strip_prefix(PREFIX) else { return Ok(()) };
    let computed = match algorithm {
        "crc32" => crc32fast::hash(body).to_be_bytes().to_vec(),
        "crc32c" => (crc(&CRC32C, u64::from(u32::MAX), body) as u32).to_be_bytes().to_vec(),
        "crc64nvme" => crc(&CRC64NVME, u64::MAX, body).to_be_bytes().to_vec(),
        "sha256" => Sha256::digest(body).to_vec(),
        _ => return Err(words::trailer(format!("Checksum algorithm {algorithm} is not supported in a trailer."))),
    };
    if BASE64_STANDARD.encode(computed) == value { Ok(()) } else { Err(words::checksum(&algorithm.to_uppercase())) }
}

/// Castagnoli's polynomial, reflected.
static CRC32C: [u64; 256] = table(0x82f6_3b78);
/// The NVMe specification's, reflected.
static CRC64NVME: [u64; 256] = table(0x9a6c_9329_ac4b_c9b5);

const fn table(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            rest = if rest & 1 == 1 { (rest >> 1) ^ polynomial } else { rest >> 1 };
            bit += 1;
        }
        table[byte] = rest;
        byte += 1;
    }
    table
}

/// A reflected CRC of up to 64 bits; `ones` has as many bits set as the CRC is wide.
fn crc(table: &[u64; 256], ones: u64, bytes: &[u8]) -> u64 {
    let step = |rest: u64, byte: &u8| table[((rest ^ u64::from(*byte)) & 0xff) as usize] ^ (rest >> 8);
    bytes.iter().fold(ones, step) ^ ones
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values that the catalogue of CRCs gives for these nine digits.
    const DIGITS: &[u8] = b"123456789";

    #[test]
    fn the_checksums_are_those_of_the_catalogue() {
        assert_eq!(crc(&CRC32C, u64::from(u32::MAX), DIGITS), 0xe306_9283);
        assert_eq!(crc(&CRC64NVME, u64::MAX, DIGITS), 0xae8b_1486_0a79_9888);
        assert!(verify("x-amz-checksum-crc32", "y/Q5Jg==", DIGITS).is_ok());
    }

    #[test]
    fn a_wrong_checksum_is_refused_and_an_unknown_one_too() {
        let code = |name, value| verify(name, value, DIGITS).map_err(|fault| fault.code.into_owned());
        assert_eq!(code("x-amz-checksum-crc32", "AAAAAA=="), Err("BadDigest".to_owned()));
        assert_eq!(code("x-amz-checksum-md4", "AAAAAA=="), Err("InvalidRequest".to_owned()));
        assert_eq!(code("x-amz-meta-note", "anything"), Ok(()));
    }
}
