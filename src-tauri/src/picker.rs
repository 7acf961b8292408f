//! Choosing a folder or file: the system's dialog in the product, an answer from the environment in window tests
//! (feature `testing` only: no driver reaches a native dialog).

use std::path::PathBuf;

use overread_desk::wire::app::PickKind;
use tauri::WebviewWindow;

/// How this build asks.
pub(crate) enum Picker {
    /// The system's dialog.
    #[cfg_attr(
        feature = "testing",
        expect(dead_code, reason = "window tests answer from the environment")
    )]
    Dialog,
    /// `OVERREAD_PICK_FOLDER`, `_FILE`, `_MODEL`, `_TRUTH`, `_EXPORT`.
    #[cfg(feature = "testing")]
    Environment,
}

impl Picker {
    pub(crate) fn of_this_build() -> Self {
        #[cfg(feature = "testing")]
        return Self::Environment;
        #[cfg(not(feature = "testing"))]
        Self::Dialog
    }

    pub(crate) async fn pick(&self, window: &WebviewWindow, kind: PickKind) -> Option<PathBuf> {
        match self {
            Self::Dialog => dialog(window, kind).await,
            #[cfg(feature = "testing")]
            Self::Environment => std::env::var_os(match kind {
                PickKind::Folder => "OVERREAD_PICK_FOLDER",
                PickKind::File => "OVERREAD_PICK_FILE",
                PickKind::Model => "OVERREAD_PICK_MODEL",
                PickKind::ModelFile => "OVERREAD_PICK_MODEL_FILE",
                PickKind::Adapter => "OVERREAD_PICK_ADAPTER",
                PickKind::Calibration => "OVERREAD_PICK_CALIBRATION",
                PickKind::Truth => "OVERREAD_PICK_TRUTH",
                PickKind::Export => "OVERREAD_PICK_EXPORT",
                PickKind::CaseSet => "OVERREAD_PICK_CASE_SET",
                PickKind::Answers => "OVERREAD_PICK_ANSWERS",
            })
            .map(PathBuf::from),
        }
    }
}

async fn dialog(window: &WebviewWindow, kind: PickKind) -> Option<PathBuf> {
    let dialog = rfd::AsyncFileDialog::new().set_parent(window);
    let chosen = match kind {
        PickKind::Folder => dialog.set_title("Open a folder of DICOM").pick_folder().await,
        PickKind::File => {
            dialog
                .set_title("Open a zip, a DICOMDIR or a DICOM file")
                .pick_file()
                .await
        }
        PickKind::Model => dialog.set_title("Choose a model folder").pick_folder().await,
        PickKind::ModelFile => {
            dialog
                .set_title("Choose a model file")
                .add_filter("GGUF", &["gguf"])
                .pick_file()
                .await
        }
        PickKind::Adapter => dialog.set_title("Choose an adapter folder").pick_folder().await,
        PickKind::Calibration => {
            dialog
                .set_title("Choose a calibration file")
                .add_filter("Calibration", &["json"])
                .pick_file()
                .await
        }
        PickKind::CaseSet => {
            dialog
                .set_title("Open a case set")
                .add_filter("Case set", &["toml"])
                .pick_file()
                .await
        }
        PickKind::Answers => {
            dialog
                .set_title("Choose recorded answers")
                .add_filter("Recorded answers", &["jsonl", "csv", "json"])
                .pick_file()
                .await
        }
        PickKind::Truth => {
            dialog
                .set_title("Attach a truth table")
                .add_filter("Truth table", &["csv", "json", "jsonl", "xml", "gz"])
                .pick_file()
                .await
        }
        PickKind::Export => {
            dialog
                .set_title("Choose a folder for the export")
                .pick_folder()
                .await
        }
    };
    chosen.map(|file| file.path().to_owned())
}
