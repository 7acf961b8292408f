//! Work ahead of a question: pictures encoded into the cache, adapters made ready.

use std::path::PathBuf;

use crate::adapted::Adapter;
use crate::adapter::{AdapterWeights, stack};
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::Result;
use crate::image::Picture;

impl Engine {
    /// Encodes a picture into the cache of image features; gives the SHA-256 of the picture after the model's resize.
    ///
    /// # Errors
    /// [`crate::EngineError::BadQuestion`] for a broken picture or a model without a tower, cancelled.
    pub fn encode_ahead(
        &self,
        picture: &Picture,
        adapter: Option<&Adapter>,
        cancel: &Cancel,
    ) -> Result<String> {
        let encoded = self.encode_all(std::slice::from_ref(picture), adapter, &mut |_| {}, cancel)?;
        Ok(encoded.sha256().concat())
    }

    /// The adapters of these folders as one, applied in this order.
    ///
    /// # Errors
    /// Whatever does not fit the model or cannot be added, named; too little memory.
    pub fn adapters(&self, folders: &[PathBuf], cancel: &Cancel) -> Result<Adapter> {
        // As they are read, and stacked or packed beside it.
        let each = folders.iter().map(|folder| crate::adapter::needed(folder));
        let needed = each.fold(0_u64, u64::saturating_add);
        crate::memory::check(needed.saturating_mul(2), None)?;
        let read = |folder: &PathBuf| AdapterWeights::read(folder, &self.config, cancel);
        let all = folders.iter().map(read).collect::<Result<Vec<_>>>()?;
        self.ready(&stack(&all.iter().collect::<Vec<_>>())?)
    }
}
