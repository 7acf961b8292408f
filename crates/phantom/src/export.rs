//! Cases as DICOM files.

use crate::case::{Case, Person};
use crate::dicom::{DataSet, File, TransferSyntax, Window, put_windows, uid_from};
use crate::radiograph::Radiograph;

/// CT Image Storage (PS3.4 B.5).
const CT_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
/// Digital X-Ray Image Storage - For Presentation.
const DX_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.1.1";

/// Manufacturer (0008,0070) of every image that is made here; with [`MANUFACTURER_MODEL_NAME`] it tells a made image from
/// all others. The fixtures of [`crate::dicom::Writer`] have neither.
pub const MANUFACTURER: &str = "Overread phantom";
/// Manufacturer's Model Name (0008,1090) of every image that is made here.
pub const MANUFACTURER_MODEL_NAME: &str = "Phantom 1";

/// Added to HU to store them unsigned: Rescale Intercept is its negative.
const OFFSET: i32 = 1024;

impl Case {
    /// What the identifiers of this case derive from.
    fn key(&self) -> String {
        format!("phantom {:016x} {:?}", self.seed, self.options)
    }

    /// Study Instance UID, and Series Instance UID of the CT series.
    pub fn uids(&self) -> (String, String) {
        let key = self.key();
        (uid_from(&format!("{key} study")), uid_from(&format!("{key} ct")))
    }

    /// The CT series as files in ascending order along the normal (PS3.3 A.3); `number` becomes part of the made name.
    pub fn ct_files(&self, number: usize) -> Vec<File> {
        let key = self.key();
        let count = self.series.slices.len();
        let files = self.series.slices.iter().enumerate().map(|(index, slice)| {
            let mut data = self.study(number, &key);
            let p = slice.position_mm.map(tidy);
            data.text((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY\\AXIAL")
                .text((0x0008, 0x0060), "CS", "CT")
                .text((0x0008, 0x103E), "LO", "Chest CT, axial")
                .text((0x0018, 0x0015), "CS", "CHEST")
                .decimals((0x0018, 0x0050), &[tidy(self.series.thickness_mm)])
                .text((0x0018, 0x0060), "DS", "120")
                .text((0x0018, 0x1210), "SH", "STANDARD")
                .text((0x0018, 0x5100), "CS", "HFS")
                .text((0x0020, 0x000E), "UI", &uid_from(&format!("{key} ct")))
                .text((0x0020, 0x0011), "IS", "2")
                .text((0x0020, 0x0012), "IS", "1")
                .text((0x0020, 0x0013), "IS", &(index + 1).to_string())
                .decimals((0x0020, 0x0032), &p)
                .decimals((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
                .text(
                    (0x0020, 0x0052),
                    "UI",
                    &uid_from(&format!("{key} frame of reference")),
                )
                .text((0x0020, 0x1040), "LO", "")
                .decimals((0x0020, 0x1041), &[p[2]])
                .us((0x0028, 0x0002), &[1])
                .text((0x0028, 0x0004), "CS", "MONOCHROME2")
                .us((0x0028, 0x0010), &[self.series.size])
                .us((0x0028, 0x0011), &[self.series.size])
                .decimals(
                    (0x0028, 0x0030),
                    &[tidy(self.series.pixel_mm), tidy(self.series.pixel_mm)],
                )
                .us((0x0028, 0x0100), &[16])
                .us((0x0028, 0x0101), &[12])
                .us((0x0028, 0x0102), &[11])
                .us((0x0028, 0x0103), &[0])
                .decimals((0x0028, 0x1052), &[f64::from(-OFFSET)])
                .text((0x0028, 0x1053), "DS", "1")
                .text((0x0028, 0x1054), "LO", "HU");
            if count > 1 {
                data.decimals((0x0018, 0x0088), &[tidy(self.series.spacing_mm)]);
            }
            if self.person.contrast {
                data.text((0x0018, 0x0010), "LO", "Iodinated contrast medium");
            }
            let windows = [
                Window::new(-600.0, 1500.0, "LUNG"),
                Window::new(40.0, 400.0, "MEDIASTINUM"),
            ];
            put_windows(&mut data, &windows);
            let stored = slice
                .hu
                .iter()
                .flat_map(|hu| ((i32::from(*hu) + OFFSET) as u16).to_le_bytes());
            data.bytes((0x7FE0, 0x0010), "OW", stored.collect());
            file(CT_IMAGE, uid_from(&format!("{key} ct {index}")), data)
        });
        files.collect()
    }

    /// The radiograph as a file (PS3.3 A.26), of the same study.
    pub fn dx_file(&self, number: usize, image: &Radiograph) -> File {
        let key = self.key();
        let mut data = self.study(number, &key);
        let spacing = [tidy(image.pixel_mm); 2];
        let mut view = DataSet::code("399348003", "SCT", "antero-posterior");
        view.sequence((0x0054, 0x0222), vec![]);
        data.text((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY")
            .text((0x0008, 0x0060), "CS", "DX")
            .text((0x0008, 0x0068), "CS", "FOR PRESENTATION")
            .text((0x0008, 0x103E), "LO", "Chest radiograph, frontal")
            .sequence((0x0008, 0x2218), vec![DataSet::code("51185008", "SCT", "Chest")])
            .text((0x0018, 0x0015), "CS", "CHEST")
            .text((0x0018, 0x0060), "DS", "120")
            .decimals((0x0018, 0x1164), &spacing)
            .text((0x0018, 0x5101), "CS", "AP")
            .text((0x0018, 0x7004), "CS", "DIRECT")
            .text((0x0020, 0x000E), "UI", &uid_from(&format!("{key} dx")))
            .text((0x0020, 0x0011), "IS", "1")
            .text((0x0020, 0x0013), "IS", "1")
            .text((0x0020, 0x0020), "CS", "L\\F")
            .text((0x0020, 0x0062), "CS", "U")
            .us((0x0028, 0x0002), &[1])
            .text((0x0028, 0x0004), "CS", "MONOCHROME2")
            .us((0x0028, 0x0010), &[image.size])
            .us((0x0028, 0x0011), &[image.size])
            .us((0x0028, 0x0100), &[16])
            .us((0x0028, 0x0101), &[12])
            .us((0x0028, 0x0102), &[11])
            .us((0x0028, 0x0103), &[0])
            .text((0x0028, 0x0301), "CS", "NO")
            .text((0x0028, 0x1040), "CS", "LOG")
            .ss((0x0028, 0x1041), &[-1])
            .text((0x0028, 0x1052), "DS", "0")
            .text((0x0028, 0x1053), "DS", "1")
            .text((0x0028, 0x1054), "LO", "US")
            .text((0x0028, 0x2110), "CS", "00")
            .sequence((0x0040, 0x0555), vec![])
            .sequence((0x0054, 0x0220), vec![view])
            .text((0x2050, 0x0020), "CS", "IDENTITY");
        let [centre, width] = image.window;
        let windows = [
            Window::new(centre, width, "NORMAL"),
            Window::new(centre, width * 0.7, "HARDER"),
        ];
        put_windows(&mut data, &windows);
        data.bytes(
            (0x7FE0, 0x0010),
            "OW",
            image.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        );
        file(DX_IMAGE, uid_from(&format!("{key} dx image")), data)
    }

    /// Patient, study and equipment, the same for all series of the case.
    fn study(&self, number: usize, key: &str) -> DataSet {
        let Person { age, female, .. } = self.person;
        let hash = crate::random::mix(self.seed);
        let date = format!("2024{:02}{:02}", 1 + hash % 12, 1 + (hash >> 8) % 28);
        let time = format!("{:02}{:02}00", 8 + (hash >> 16) % 10, (hash >> 24) % 60);
        let mut data = DataSet::new();
        data.text((0x0008, 0x0005), "CS", "ISO_IR 192")
            .text((0x0008, 0x0020), "DA", &date)
            .text((0x0008, 0x0021), "DA", &date)
            .text((0x0008, 0x0022), "DA", &date)
            .text((0x0008, 0x0023), "DA", &date)
            .text((0x0008, 0x0030), "TM", &time)
            .text((0x0008, 0x0032), "TM", &time)
            .text((0x0008, 0x0033), "TM", &time)
            .text((0x0008, 0x0050), "SH", &format!("A{:08}", hash % 100_000_000))
            .text((0x0008, 0x0070), "LO", MANUFACTURER)
            .text((0x0008, 0x0090), "PN", "")
            .text((0x0008, 0x1030), "LO", "Made chest, no real patient")
            .text((0x0008, 0x1090), "LO", MANUFACTURER_MODEL_NAME)
            .text((0x0010, 0x0010), "PN", &format!("PHANTOM^{number:04}"))
            .text(
                (0x0010, 0x0020),
                "LO",
                &format!("PH{:010}", (hash >> 20) % 10_000_000_000),
            )
            .text((0x0010, 0x0030), "DA", "")
            .text((0x0010, 0x0040), "CS", if female { "F" } else { "M" })
            .text((0x0010, 0x1010), "AS", &format!("{age:03}Y"))
            .text((0x0018, 0x1020), "LO", env!("CARGO_PKG_VERSION"))
            .text((0x0020, 0x000D), "UI", &uid_from(&format!("{key} study")))
            .text((0x0020, 0x0010), "SH", "1");
        data
    }
}

fn file(sop_class: &str, sop_instance: String, data: DataSet) -> File {
    File {
        sop_class: sop_class.to_owned(),
        sop_instance,
        syntax: TransferSyntax::ExplicitLittle,
        data,
    }
}

/// The shortest decimal that is the same single-precision number.
fn tidy(value: f32) -> f64 {
    format!("{value}").parse().unwrap_or(f64::from(value))
}
