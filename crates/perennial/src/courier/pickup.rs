//! The pickup folder of a mail server: each mail is a file in it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use perennial_core::ports::Failure;
use perennial_engine::outbox::Undelivered;

use super::message::Mail;

/// Writes mails into a folder.
pub struct Pickup {
    folder: PathBuf,
}

impl Pickup {
    /// Writes into an existing folder.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn new(folder: PathBuf) -> anyhow::Result<Self> {
        anyhow::ensure!(
            folder.is_dir(),
            "the pickup folder {} does not exist\nhint: make it, or mend `pickup` under [mail]",
            folder.display()
        );
        Ok(Self { folder })
    }

    /// Writes a mail. Where that fails, it fails for all: the folder is gone, or the disk is full.
    ///
    /// # Errors
    /// [`Undelivered::Closed`].
    pub async fn leave(&self, mail: Mail) -> Result<(), Undelivered> {
        let folder = self.folder.clone();
        let failed = |cause| Undelivered::Closed(Failure { doing: "write a mail", cause });
        let written = tokio::task::spawn_blocking(move || write(&folder, &mail)).await;
        written.map_err(|cause| failed(cause.into()))?.map_err(|cause| failed(cause.into()))
    }
}

/// Writes the file under another name first, so that nobody picks up half a mail; a repeat takes the same name.
fn write(folder: &Path, Mail { id, bytes, .. }: &Mail) -> std::io::Result<()> {
    let partial = folder.join(format!(".notice-{id}.partial"));
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&partial, folder.join(format!("notice-{id}.eml")))?;
    File::open(folder)?.sync_all()
}
