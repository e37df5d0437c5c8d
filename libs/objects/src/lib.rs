//! The object store of a service: a directory, or anything that speaks S3. Only sealed bytes pass
//! through here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig,
};
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;

/// `[SERVICE.object_store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum ObjectStoreConfig {
    /// A local directory, made when it is missing.
    Files { dir: PathBuf },
    /// Anything that speaks S3.
    S3 {
        endpoint: String,
        region: String,
        bucket: String,
        access_key_id_file: PathBuf,
        secret_access_key_file: PathBuf,
    },
}

/// Objects below this many bytes are written in one piece, and only when they are complete.
const PIECE: usize = 5 * 1024 * 1024;
/// Pieces of one object that travel at the same time; with [`PIECE`] the memory of an upload.
const AT_ONCE: usize = 2;

/// How long a store may fail, or send nothing, until that is told.
const PATIENCE: Duration = Duration::from_secs(20);

/// The object store failed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("the object store failed")]
    Store(#[from] object_store::Error),
    #[error("the object store failed")]
    Io(#[from] std::io::Error),
    #[error("a key file of the object store cannot be read")]
    Secret(#[from] siegel_config::SecretFileError),
}

impl ObjectError {
    /// There is no such object, now and later.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Store(object_store::Error::NotFound { .. }))
    }
}

/// Where sealed objects are.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

impl Objects {
    pub fn open(config: &ObjectStoreConfig) -> Result<Self, ObjectError> {
        let store: Arc<dyn ObjectStore> = match config {
            ObjectStoreConfig::Files { dir } => {
                std::fs::create_dir_all(dir)?;
                // What is acknowledged must survive a power cut.
                Arc::new(LocalFileSystem::new_with_prefix(dir)?.with_fsync(true))
            }
            ObjectStoreConfig::S3 {
                endpoint,
                region,
                bucket,
                access_key_id_file,
                secret_access_key_file,
            } => {
                use secrecy::ExposeSecret as _;
                siegel_crypto::install();
                let id = siegel_config::read_secret(access_key_id_file)?;
                let secret = siegel_config::read_secret(secret_access_key_file)?;
                let builder = AmazonS3Builder::new()
                    .with_endpoint(endpoint)
                    .with_region(region)
                    .with_bucket_name(bucket)
                    .with_access_key_id(id.expose_secret())
                    .with_secret_access_key(secret.expose_secret())
                    .with_retry(RetryConfig {
                        max_retries: 5,
                        retry_timeout: PATIENCE,
                        ..RetryConfig::default()
                    })
                    .with_client_options(
                        // A slow reader may take its time; a store that sends nothing may not.
                        ClientOptions::new()
                            .with_timeout_disabled()
                            .with_read_timeout(PATIENCE)
                            .with_allow_http(endpoint.starts_with("http://")),
                    );
                Arc::new(builder.build()?)
            }
        };
        Ok(Self { store })
    }

    /// Begins an object; nothing is visible before [`Writer::finish`].
    pub fn write(&self, key: &str) -> Writer {
        let writer = BufWriter::with_capacity(self.store.clone(), Path::from(key), PIECE);
        Writer(writer.with_max_concurrency(AT_ONCE))
    }

    pub async fn read(
        &self,
        key: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        let found = self.store.get(&Path::from(key)).await?;
        Ok(found.into_stream().map(|piece| Ok(piece?)).boxed())
    }

    /// The sealed bytes of an object from `offset` on.
    pub async fn read_from(
        &self,
        key: &str,
        offset: u64,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        let options = GetOptions { range: Some(GetRange::Offset(offset)), ..GetOptions::default() };
        let found = self.store.get_opts(&Path::from(key), options).await?;
        Ok(found.into_stream().map(|piece| Ok(piece?)).boxed())
    }

    /// The first bytes of an object.
    pub async fn read_start(&self, key: &str, length: u64) -> Result<Bytes, ObjectError> {
        Ok(self.store.get_range(&Path::from(key), 0..length).await?)
    }

    /// The keys of all objects below a key that ends with a slash.
    pub async fn below(&self, key: &str) -> Result<Vec<String>, ObjectError> {
        let found = self.store.list(Some(&Path::from(key)));
        let keys = found.map(|one| Ok::<_, ObjectError>(one?.location.to_string()));
        keys.try_collect().await
    }

    /// Writes a small object in one piece; what was there is replaced.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ObjectError> {
        self.store.put(&Path::from(key), bytes.into()).await?;
        Ok(())
    }

    /// An object out of pieces, which are not copied into one.
    pub async fn put_pieces(&self, key: &str, pieces: Vec<Vec<u8>>) -> Result<(), ObjectError> {
        let pieces: PutPayload = pieces.into_iter().map(Bytes::from).collect();
        self.store.put(&Path::from(key), pieces).await?;
        Ok(())
    }

    /// A small object; `None` when there is none.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        match self.store.get(&Path::from(key)).await {
            Ok(found) => Ok(Some(found.bytes().await?.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes an object; it may be gone already. A key that ends with a slash stands for all
    /// objects below it: an attachment that came in parts.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        if key.ends_with('/') {
            for one in self.below(key).await? {
                self.delete_one(&one).await?;
            }
            return Ok(());
        }
        self.delete_one(key).await
    }

    async fn delete_one(&self, key: &str) -> Result<(), ObjectError> {
        match self.store.delete(&Path::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// An object that is being written.
pub struct Writer(BufWriter);

impl Writer {
    pub async fn push(&mut self, sealed: Vec<u8>) -> Result<(), ObjectError> {
        if !sealed.is_empty() {
            self.0.put(Bytes::from(sealed)).await?;
        }
        Ok(())
    }

    /// Makes the object durable and visible.
    pub async fn finish(mut self) -> Result<(), ObjectError> {
        Ok(self.0.shutdown().await?)
    }

    /// Leaves nothing behind.
    pub async fn abort(mut self) {
        if let Err(error) = self.0.abort().await {
            tracing::info!(error = &error as &dyn std::error::Error, "an upload was not aborted");
        }
    }
}
