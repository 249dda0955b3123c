/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "certify_message.h"

#include <string.h>

#include "expect_error.h"

static const struct vtpm_certificate_request request = {
  .key = (const uint8_t *) "a public key",
  .key_size = 12,
  .version = VTPM_TPM_1_2,
  .manufacturer = 0x49424d00,
  .firmware_version = 0x20191023,
  .level = 0xffffffff,
  .revision = 164,
};

Test (certify_message, is_read_as_written)
{
  uint8_t message[VTPM_CERTIFY_MESSAGE_MAX];
  struct vtpm_certificate_request got = { .binding = { .uuid = "somebody" } };
  size_t size = 0;

  assert_success (vtpm_certify_message_write (&request, message, &size, &error));
  cr_assert_eq (size, 32);
  cr_expect_arr_eq (message, "\0\0\1\2IBM\0\x20\x19\x10\x23\xff\xff\xff\xff\0\0\0\xa4"
                             "a public key",
                    32);
  assert_success (vtpm_certify_message_read (message, size, &got, &error));
  cr_expect_eq (got.version, VTPM_TPM_1_2);
  cr_expect_eq (got.manufacturer, request.manufacturer);
  cr_expect_eq (got.firmware_version, request.firmware_version);
  cr_expect_eq (got.level, request.level);
  cr_expect_eq (got.revision, request.revision);
  cr_expect_eq (got.key_size, 12);
  cr_expect_arr_eq (got.key, "a public key", 12);
  cr_expect_null (got.binding.uuid);
}

/* Of each size that is too short or too long, in memory of just that size.  */
Test (certify_message, is_refused_when_it_is_none)
{
  uint8_t message[VTPM_CERTIFY_MESSAGE_MAX + 1] = { 0, 0, 2, 0 };
  struct vtpm_certificate_request got;

  for (size_t size = 0; size <= 20; size++)
    {
      _cleanup_free_ uint8_t *exact = malloc (size == 0 ? 1 : size);

      memcpy (exact, message, size);
      expect_error (vtpm_certify_message_read (exact, size, &got, &error), EPROTO,
                    "a certificate request of");
    }
  expect_error (vtpm_certify_message_read (message, sizeof (message), &got, &error), EPROTO,
                "a certificate request of 1045 bytes");
  assert_success (vtpm_certify_message_read (message, sizeof (message) - 1, &got, &error));
  message[3] = 1;
  expect_error (vtpm_certify_message_read (message, 30, &got, &error), EPROTO,
                "for TPM version 0x201");
}

Test (certify_message, has_no_place_for_any_key)
{
  static const uint8_t key[VTPM_CERTIFY_KEY_MAX + 1];
  uint8_t message[VTPM_CERTIFY_MESSAGE_MAX];
  struct vtpm_certificate_request large = { .key = key, .key_size = sizeof (key) };
  struct vtpm_certificate_request empty = { .key = key };
  size_t size = 77;

  expect_error (vtpm_certify_message_write (&large, message, &size, &error), EFBIG, "1025 bytes");
  expect_error (vtpm_certify_message_write (&empty, message, &size, &error), EFBIG, "0 bytes");
  cr_expect_eq (size, 77);
  large.key_size--;
  assert_success (vtpm_certify_message_write (&large, message, &size, &error));
  cr_expect_eq (size, VTPM_CERTIFY_MESSAGE_MAX);
}
