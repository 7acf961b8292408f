//! One file per thing a user can do.

pub mod app;
pub mod ask;
pub mod bench;
pub mod case;
pub mod demo;
pub mod device;
pub(crate) mod drawn;
pub mod engine;
pub mod index;
pub(crate) mod layers;
pub mod make;
pub mod marks;
pub mod models;
pub mod objects;
pub mod open;
pub mod pictures;
pub(crate) mod plain;
pub mod plan;
pub(crate) mod present;
pub mod records;
pub mod report;
pub mod reslice;
pub mod reviews;
pub mod show;
pub mod studies;
pub mod view;
