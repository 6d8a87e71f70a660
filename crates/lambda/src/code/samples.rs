//! Archives for tests, honest ones and others.

use std::io::{Cursor, Write};

use bytes::Bytes;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An archive under construction.
pub(crate) struct Sample(ZipWriter<Cursor<Vec<u8>>>);

impl Sample {
    pub(crate) fn new() -> Self {
        Self(ZipWriter::new(Cursor::new(Vec::new())))
    }

    fn options() -> SimpleFileOptions {
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
    }

    #[must_use]
    pub(crate) fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.file_with(name, bytes, Self::options().unix_permissions(0o644))
    }

    #[must_use]
    pub(crate) fn executable(self, name: &str, bytes: &[u8]) -> Self {
        self.file_with(name, bytes, Self::options().unix_permissions(0o4711))
    }

    #[must_use]
    pub(crate) fn stored(self, name: &str, bytes: &[u8]) -> Self {
        self.file_with(name, bytes, Self::options().compression_method(CompressionMethod::Stored))
    }

    fn file_with(mut self, name: &str, bytes: &[u8], options: SimpleFileOptions) -> Self {
        self.0.start_file(name, options).expect("a name may be anything");
        self.0.write_all(bytes).expect("memory takes it");
        self
    }

    #[must_use]
    pub(crate) fn directory(mut self, name: &str) -> Self {
        self.0.add_directory(name, Self::options()).expect("a name may be anything");
        self
    }

    #[must_use]
    pub(crate) fn link(mut self, name: &str, target: &str) -> Self {
        self.0.add_symlink(name, target, Self::options()).expect("a target may be anything");
        self
    }

    /// Unless there is an entry of that very name, which the writer refuses.
    #[must_use]
    pub(crate) fn file_if_new(mut self, name: &str, bytes: &[u8]) -> Self {
        if self.0.start_file(name, Self::options()).is_ok() {
            self.0.write_all(bytes).expect("memory takes it");
        }
        self
    }

    #[must_use]
    pub(crate) fn directory_if_new(mut self, name: &str) -> Self {
        let _ = self.0.add_directory(name, Self::options());
        self
    }

    #[must_use]
    pub(crate) fn link_if_new(mut self, name: &str, target: &str) -> Self {
        let _ = self.0.add_symlink(name, target, Self::options());
        self
    }

    pub(crate) fn bytes(self) -> Bytes {
        Bytes::from(self.0.finish().expect("memory takes it").into_inner())
    }
}

/// A function's code, different for each `text`.
pub(crate) fn code(text: &str) -> Bytes {
    Sample::new().file("index.py", text.as_bytes()).bytes()
}
