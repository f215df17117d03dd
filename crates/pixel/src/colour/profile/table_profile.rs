//! ICC profiles made of one lookup table, for tests.

use moxcms::{
    ColorProfile, DataColorSpace, LutDataType, LutStore, LutType, LutWarehouse, Matrix3d, ProfileClass,
    Vector3d, Xyzd,
};

use super::srgb_transfer;

const GRID: usize = 9;

/// A profile with `inputs` device channels (3: RGB, 4: CMYK) whose only content is a 16-bit table to
/// Lab; `to_srgb` gives encoded sRGB for device values 0 to 1.
pub(crate) fn table_profile(inputs: usize, to_srgb: impl Fn(&[f32]) -> [f64; 3]) -> Vec<u8> {
    let mut table = Vec::new();
    for node in 0..GRID.pow(inputs as u32) {
        let at = |channel: usize| {
            (node / GRID.pow((inputs - 1 - channel) as u32) % GRID) as f32 / (GRID - 1) as f32
        };
        let device: Vec<f32> = (0..inputs).map(at).collect();
        table.extend(lab_16(to_srgb(&device)));
    }
    let ramp = |channels: usize| LutStore::Store16([0, u16::MAX].repeat(channels));
    let lut = LutDataType {
        num_input_channels: inputs as u8,
        num_output_channels: 3,
        num_clut_grid_points: GRID as u8,
        matrix: Matrix3d { v: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] },
        num_input_table_entries: 2,
        num_output_table_entries: 2,
        input_table: ramp(inputs),
        clut_table: LutStore::Store16(table),
        output_table: ramp(3),
        lut_type: LutType::Lut16,
    };
    let mut profile = ColorProfile::new_srgb();
    profile.color_space = if inputs == 4 { DataColorSpace::Cmyk } else { DataColorSpace::Rgb };
    profile.pcs = DataColorSpace::Lab;
    profile.profile_class = ProfileClass::OutputDevice;
    (profile.red_trc, profile.green_trc, profile.blue_trc, profile.cicp) = (None, None, None, None);
    let none = Xyzd::default();
    (profile.red_colorant, profile.green_colorant, profile.blue_colorant) = (none, none, none);
    profile.lut_a_to_b_perceptual = Some(LutWarehouse::Lut(lut.clone()));
    profile.lut_a_to_b_colorimetric = Some(LutWarehouse::Lut(lut));
    profile.encode().expect("profile encodes")
}

/// Lab under D50 in the 16-bit encoding of ICC lookup tables.
fn lab_16(encoded: [f64; 3]) -> [u16; 3] {
    let [r, g, b] = encoded.map(srgb_transfer);
    let xyz = ColorProfile::new_srgb().colorant_matrix().mul_vector(Vector3d { v: [r, g, b] }).v;
    let [x, y, z] = [xyz[0] / 0.9642, xyz[1], xyz[2] / 0.8249]
        .map(|t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
    let (l, a, b) = (116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z));
    [l * 652.8, (a + 128.0) * 256.0, (b + 128.0) * 256.0].map(|v| v.round().clamp(0.0, 65_535.0) as u16)
}
