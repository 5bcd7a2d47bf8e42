//! The portal's captcha, drawn anew from its pixels: what a browser of ours is shown was encoded here,
//! whatever came.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use crate::connectors::PromptPicture;

/// In bytes. Those seen have ten thousand.
const LARGEST: usize = 256 * 1024;
/// In pixels. Those seen are 310 × 60.
const WIDEST: u32 = 1024;
const HIGHEST: u32 = 512;
/// What decoding may allocate.
const MEMORY: u64 = 8 * 1024 * 1024;

pub(super) const ALT: &str = "The portal’s picture of five small letters and digits";

/// A PNG or JPEG by its first bytes; `None` for anything else, anything damaged and anything huge.
pub(super) fn draw_anew(file: &[u8]) -> Option<PromptPicture> {
    if file.len() > LARGEST {
        return None;
    }
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .ok()?;
    if !matches!(reader.format()?, ImageFormat::Png | ImageFormat::Jpeg) {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(WIDEST);
    limits.max_image_height = Some(HIGHEST);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let pixels = DynamicImage::ImageRgba8(reader.decode().ok()?.into_rgba8());
    let mut png = Cursor::new(Vec::new());
    pixels.write_to(&mut png, ImageFormat::Png).ok()?;
    Some(PromptPicture {
        media_type: "image/png",
        bytes: png.into_inner(),
        alt: ALT.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let picture = DynamicImage::new_rgb8(width, height);
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    #[test]
    fn a_picture_comes_out_as_png_without_what_was_hidden_in_it() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let mut file = drawn(format, 310, 60);
            file.extend_from_slice(b"<script>alert(1)</script>");
            let picture = draw_anew(&file).unwrap();
            assert_eq!(picture.media_type, "image/png");
            assert!(picture.bytes.starts_with(b"\x89PNG"));
            let hidden = picture.bytes.windows(8).any(|part| part == b"<script>");
            assert!(!hidden);
        }
    }

    #[test]
    fn what_is_no_picture_or_too_big_a_one_is_not_shown() {
        let good = drawn(ImageFormat::Png, 310, 60);
        let mut endless = good.clone();
        endless.resize(LARGEST + 1, 0);
        for file in [
            b"<html><script>alert(1)</script></html>".to_vec(),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            good[..good.len() / 2].to_vec(),
            drawn(ImageFormat::Png, WIDEST + 1, 1),
            drawn(ImageFormat::Png, 1, HIGHEST + 1),
            endless,
            Vec::new(),
        ] {
            assert!(draw_anew(&file).is_none());
        }
    }
}
