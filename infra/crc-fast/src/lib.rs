//! The three cyclic redundancy checks of S3, as a replacement of the crate `crc-fast`.
//!
//! The AWS SDK uses that crate, which contains tables of 16 lanes for some sixty algorithms. They
//! are a fallback for processors without carry-less multiplication and are chosen at run time, so
//! no linker removes them. They do not compress, and add 600 kB to every zip.
//!
//! CRC-32, which the SDK computes for all objects that we put, is as fast here. The others process
//! a byte at a time and serve objects of other clients. Only functions that `aws-smithy-checksums`
//! and `s3s` call are included.

use crc::{CRC_32_ISCSI, CRC_64_NVME, Crc};

static CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
static CRC64: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

/// A check by its name in the catalogue (<https://reveng.sourceforge.io/crc-catalogue/all.htm>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-32/ISO-HDLC: the CRC-32 of S3.
    Crc32IsoHdlc,
    /// CRC-32/ISCSI: the CRC-32C of S3.
    Crc32Iscsi,
    Crc64Nvme,
}

/// Check of bytes that arrive in parts.
#[derive(Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    Crc32(crc32fast::Hasher),
    Crc32c(crc::Digest<'static, u32>),
    Crc64(crc::Digest<'static, u64>),
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Digest").finish_non_exhaustive()
    }
}

impl Digest {
    #[must_use]
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Crc32(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Crc32c(CRC32C.digest()),
            CrcAlgorithm::Crc64Nvme => State::Crc64(CRC64.digest()),
        })
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(state) => state.update(bytes),
            State::Crc32c(state) => state.update(bytes),
            State::Crc64(state) => state.update(bytes),
        }
    }

    /// Returns the check of all bytes so far.
    #[must_use]
    pub fn finalize(&self) -> u64 {
        match self.0.clone() {
            State::Crc32(state) => state.finalize().into(),
            State::Crc32c(state) => state.finalize().into(),
            State::Crc64(state) => state.finalize(),
        }
    }
}

/// Returns the check of all bytes at once.
#[must_use]
pub fn checksum(algorithm: CrcAlgorithm, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new(algorithm);
    digest.update(bytes);
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values of the catalogue.
    #[test]
    fn checks_equal_those_of_the_catalogue() {
        for (algorithm, check) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            assert_eq!(checksum(algorithm, b"123456789"), check, "{algorithm:?}");
            let mut parts = Digest::new(algorithm);
            parts.update(b"1234");
            parts.update(b"56789");
            assert_eq!(parts.finalize(), check, "{algorithm:?}");
        }
    }
}
