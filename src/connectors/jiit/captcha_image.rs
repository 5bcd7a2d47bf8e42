//! Decodes the portal's captcha image and encodes it anew, so that no byte of the portal's file reaches
//! a browser.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use crate::connectors::PromptPicture;

/// Observed files have about ten thousand bytes.
const MAX_FILE_BYTES: usize = 256 * 1024;
/// In pixels. Observed images have 310 × 60.
const MAX_WIDTH: u32 = 1024;
const MAX_HEIGHT: u32 = 512;
/// The decoder's memory limit.
const MAX_DECODER_BYTES: u64 = 8 * 1024 * 1024;

pub(super) const ALT: &str = "The portal’s picture of five small letters and digits";

/// Reencodes a PNG or JPEG, recognised by its first bytes; `None` for any other, damaged or oversized
/// file.
pub(super) fn reencode(file: &[u8]) -> Option<PromptPicture> {
    if file.len() > MAX_FILE_BYTES {
        return None;
    }
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .ok()?;
    if !matches!(reader.format()?, ImageFormat::Png | ImageFormat::Jpeg) {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_WIDTH);
    limits.max_image_height = Some(MAX_HEIGHT);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
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

    fn encode(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let picture = DynamicImage::new_rgb8(width, height);
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    #[test]
    fn a_picture_comes_out_as_png_without_what_was_hidden_in_it() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let mut file = encode(format, 310, 60);
            file.extend_from_slice(b"<script>alert(1)</script>");
            let picture = reencode(&file).unwrap();
            assert_eq!(picture.media_type, "image/png");
            assert!(picture.bytes.starts_with(b"\x89PNG"));
            let has_script = picture.bytes.windows(8).any(|part| part == b"<script>");
            assert!(!has_script);
        }
    }

    #[test]
    fn what_is_no_picture_or_too_big_a_one_is_not_shown() {
        let good = encode(ImageFormat::Png, 310, 60);
        let mut oversized = good.clone();
        oversized.resize(MAX_FILE_BYTES + 1, 0);
        for file in [
            b"<html><script>alert(1)</script></html>".to_vec(),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            good[..good.len() / 2].to_vec(),
            encode(ImageFormat::Png, MAX_WIDTH + 1, 1),
            encode(ImageFormat::Png, 1, MAX_HEIGHT + 1),
            oversized,
            Vec::new(),
        ] {
            assert!(reencode(&file).is_none());
        }
    }
}
