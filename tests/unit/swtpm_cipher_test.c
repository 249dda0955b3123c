/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "swtpm_cipher.h"

#include "expect_error.h"

/* swtpm_file_test.c compares with what swtpm makes.  */

static const struct vtpm_transfer_key keys[] = { { 16, "sixteen letters." },
                                              { 32, "a key that has two and thirty le" } };

static void
seal (const struct vtpm_transfer_key *key, const char *text, struct vtpm_secret_bytes *ciphertext,
      struct vtpm_swtpm_ciphertext *sealed)
{
  const struct vtpm_secret_bytes plain = { (uint8_t *) text, strlen (text) };

  assert_success (vtpm_swtpm_cipher_encrypt (key, &plain, ciphertext, sealed, &error));
}

Test (swtpm_cipher, pads_to_the_size_of_the_key)
{
  static const struct
  {
    const char *text;
    size_t sizes[2];
  } cases[] = { { "", { 16, 32 } },
                { "fifteen letters", { 16, 32 } },
                { "sixteen letters.", { 32, 32 } },
                { "thirty-one letters and blanks..", { 32, 32 } },
                { "thirty-two letters and blanks...", { 48, 64 } } };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    for (size_t k = 0; k < 2; k++)
      {
        _cleanup_secret_bytes_ struct vtpm_secret_bytes text = { 0 };
        _cleanup_secret_bytes_ struct vtpm_secret_bytes plain = { 0 };
        struct vtpm_swtpm_ciphertext sealed;

        seal (&keys[k], cases[i].text, &text, &sealed);
        cr_expect_eq (sealed.size, cases[i].sizes[k], "%zu: %zu", i, sealed.size);
        cr_expect_eq (sealed.text, text.data);
        assert_success (vtpm_swtpm_cipher_decrypt (&keys[k], &sealed, &plain, &error));
        cr_expect_eq (plain.size, strlen (cases[i].text));
        cr_expect_arr_eq (plain.data, cases[i].text, plain.size);
      }
}

Test (swtpm_cipher, verifies_text_vector_and_key)
{
  for (size_t k = 0; k < 2; k++)
    {
      _cleanup_secret_bytes_ struct vtpm_secret_bytes text = { 0 };
      struct vtpm_swtpm_ciphertext sealed;

      seal (&keys[k], "text", &text, &sealed);
      cr_expect_eq (vtpm_swtpm_cipher_verify (&keys[k], &sealed, NULL), 1);
      cr_expect_eq (vtpm_swtpm_cipher_verify (&keys[1 - k], &sealed, NULL), 0);
      text.data[sealed.size - 1] ^= 1;
      cr_expect_eq (vtpm_swtpm_cipher_verify (&keys[k], &sealed, NULL), 0);
      text.data[sealed.size - 1] ^= 1;
      sealed.iv[keys[k].size - 1] ^= 1;
      cr_expect_eq (vtpm_swtpm_cipher_verify (&keys[k], &sealed, NULL), 0);
      sealed.iv[keys[k].size - 1] ^= 1;
      sealed.hmac[VTPM_SWTPM_HMAC_SIZE - 1] ^= 1;
      cr_expect_eq (vtpm_swtpm_cipher_verify (&keys[k], &sealed, NULL), 0);
      sealed.hmac[VTPM_SWTPM_HMAC_SIZE - 1] ^= 1;
      sealed.size--;
      cr_expect_eq (vtpm_swtpm_cipher_verify (&keys[k], &sealed, NULL), 0);
    }
}

/* Whoever has the key may make anything.  */
Test (swtpm_cipher, refuses_impossible_sizes)
{
  static const uint8_t bytes[48];
  static const size_t sizes[2][4] = { { 0, 1, 15, 17 }, { 0, 16, 31, 33 } };

  for (size_t k = 0; k < 2; k++)
    for (size_t i = 0; i < 4; i++)
      {
        const struct vtpm_swtpm_ciphertext sealed = { .text = bytes, .size = sizes[k][i] };
        struct vtpm_secret_bytes plain = { 0 };

        expect_error (vtpm_swtpm_cipher_decrypt (&keys[k], &sealed, &plain, &error), EBADMSG,
                      "bytes are no ciphertext");
        cr_expect_null (plain.data);
      }
}

/* A text that decrypts to what is no padding: the last blocks of a longer one are
   taken away.  */
Test (swtpm_cipher, refuses_wrong_padding)
{
  static const char *const endings[]
      = { "thirty-one letters and a zero: ", "a long text, and then the byte \x21",
          "a long text, and then the bytes\x02" };

  for (size_t i = 0; i < sizeof (endings) / sizeof (endings[0]); i++)
    {
      char plain_text[VTPM_TRANSFER_KEY_MAX] = { 0 };
      const struct vtpm_secret_bytes plain = { (uint8_t *) plain_text, sizeof (plain_text) };
      _cleanup_secret_bytes_ struct vtpm_secret_bytes text = { 0 };
      struct vtpm_secret_bytes opened = { 0 };
      struct vtpm_swtpm_ciphertext sealed;

      memcpy (plain_text, endings[i], strlen (endings[i]));
      assert_success (vtpm_swtpm_cipher_encrypt (&keys[1], &plain, &text, &sealed, &error));
      sealed.size = VTPM_TRANSFER_KEY_MAX;
      expect_error (vtpm_swtpm_cipher_decrypt (&keys[1], &sealed, &opened, &error), EBADMSG,
                    "the padding is wrong");
      cr_expect_null (opened.data);
    }
}
