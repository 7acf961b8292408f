//! The same pictures by wgpu: offscreen, thumbnails, export; the device probe.
#![forbid(unsafe_code)]
