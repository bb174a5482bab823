//! The three cyclic redundancy checks that S3 knows, in place of the crate `crc-fast`.
//!
//! The AWS SDK takes its checksums from that crate, which holds tables of 16 lanes for some sixty
//! algorithms against the day that a processor has no carry-less multiplication. They are chosen at
//! run time, so no linker takes them out, and they do not compress: 600 kB of every zip. Here CRC-32,
//! which is what the SDK computes of every object that we put, is as fast as there; the others are a
//! byte at a time, for objects that somebody else has put.
//!
//! It has of that crate what `aws-smithy-checksums` and `s3s` call, and no more.

use crc::{CRC_32_ISCSI, CRC_64_NVME, Crc};

static CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
static CRC64: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

/// Which check, by its name in the catalogue (<https://reveng.sourceforge.io/crc-catalogue/all.htm>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-32/ISO-HDLC: the CRC-32 of S3.
    Crc32IsoHdlc,
    /// CRC-32/ISCSI: the CRC-32C of S3.
    Crc32Iscsi,
    /// CRC-64/NVME.
    Crc64Nvme,
}

/// A check of bytes that come in parts.
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
    /// Of nothing yet.
    #[must_use]
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Crc32(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Crc32c(CRC32C.digest()),
            CrcAlgorithm::Crc64Nvme => State::Crc64(CRC64.digest()),
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(state) => state.update(bytes),
            State::Crc32c(state) => state.update(bytes),
            State::Crc64(state) => state.update(bytes),
        }
    }

    /// The check of all bytes so far.
    #[must_use]
    pub fn finalize(&self) -> u64 {
        match self.0.clone() {
            State::Crc32(state) => state.finalize().into(),
            State::Crc32c(state) => state.finalize().into(),
            State::Crc64(state) => state.finalize(),
        }
    }
}

/// The check of bytes that are all there.
#[must_use]
pub fn checksum(algorithm: CrcAlgorithm, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new(algorithm);
    digest.update(bytes);
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue.
    #[test]
    fn checks_are_those_of_the_catalogue() {
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
