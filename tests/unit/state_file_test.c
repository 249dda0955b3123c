/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "state_file.h"

#include "expect_error.h"
#include "state_crypto.h"

TestSuite (state_file, .timeout = 60);

/* Made by another implementation of the format, from host_key, the TPM 2.0
   state "permanent state" and the nonce a0 to ab.  */
static const uint8_t sample[] = {
  0x4f, 0x43, 0x49, 0x2d, 0x76, 0x54, 0x50, 0x4d, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x56,
  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x96, 0xe4, 0x0a, 0x01, 0x89, 0xef, 0xf6, 0xff, 0x0e,
  0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
  0x93, 0x71, 0xdf, 0x39, 0x90, 0x73, 0xfe, 0xc3, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05,
  0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0x05, 0x6c, 0x6f, 0x63,
  0x61, 0x6c, 0x03, 0x77, 0x65, 0x62, 0xed, 0xa0, 0x50, 0xc7, 0x79, 0x45, 0x38, 0xa1, 0x27, 0x3b,
  0x1a, 0x89, 0x91, 0xb2, 0x9f, 0xb7, 0x3f, 0x95, 0x85, 0xab, 0x5f, 0xc3, 0x3c, 0xa8, 0x7b, 0x19,
  0xf9, 0xf4, 0x5c, 0x66, 0xa8, 0x7f, 0x64, 0xe6, 0x80, 0x7c, 0x1c, 0xaf, 0xc0, 0x82, 0xac, 0x9c,
  0xde, 0x79, 0x58, 0xd1, 0x58, 0x88, 0x7a, 0x1a, 0xaa, 0x34, 0x8f, 0xfd, 0xa9, 0xb2, 0x2c, 0xed,
  0x49, 0x7b, 0x8a, 0xbc, 0xeb, 0xc5,
};

static const char sample_permanent[] = "permanent state";

static const uint8_t host_key[VTPM_HOST_KEY_SIZE] = {
  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};

static const struct vtpm_state_header header = {
  .uuid = { 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
            0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f },
  .key_id = { 0x93, 0x71, 0xdf, 0x39, 0x90, 0x73, 0xfe, 0xc3 },
  .generation = 5,
  .id = { "local", "web" },
};

/* Where things are, from the format's description.  */
enum
{
  FORMAT = 8,
  HEADER_SIZE = 12,
  FILE_SIZE = 16,
  HEADER_CHECKSUM = 24,
  UUID = 32,
  KEY_ID = 48,
  GENERATION = 56,
  NONCE = 64,
  SCOPE = 76,
  NAME = 82,
  CIPHERTEXT = 86,
};

static struct vtpm_instance_key
derive (const uint8_t key[VTPM_HOST_KEY_SIZE])
{
  struct vtpm_instance_key derived;

  assert_success (vtpm_instance_key_derive (key, header.uuid, &derived, &error));
  return derived;
}

/* Unseals a copy in memory of exactly its size.  */
static int
unseal_with (const struct vtpm_instance_key *key, const uint8_t *file, size_t size,
             struct vtpm_error **error)
{
  _cleanup_free_ uint8_t *exact = malloc (size);
  enum vtpm_tpm_version version;
  uint8_t *permanent = NULL;
  size_t permanent_size;

  memcpy (exact, file, size);
  if (vtpm_state_file_unseal (exact, size, "file", key, &version, &permanent, &permanent_size,
                              error) < 0)
    {
      cr_expect_null (permanent);
      return -1;
    }
  free (permanent);
  return 0;
}

static int
unseal (const uint8_t *file, size_t size, struct vtpm_error **error)
{
  const struct vtpm_instance_key key = derive (host_key);

  return unseal_with (&key, file, size, error);
}

static void
renew_checksums (uint8_t *file, size_t size)
{
  uint8_t digest[32];

  assert_success (vtpm_crypto_sha256 (file, HEADER_CHECKSUM, digest, &error));
  memcpy (file + HEADER_CHECKSUM, digest, 8);
  assert_success (vtpm_crypto_sha256 (file, size - 32, file + size - 32, &error));
}

Test (state_file, reads_what_another_implementation_wrote)
{
  const struct vtpm_instance_key key = derive (host_key);
  enum vtpm_tpm_version version = VTPM_TPM_1_2;
  struct vtpm_state_header found;
  _cleanup_free_ uint8_t *permanent = NULL;
  size_t size = 0;

  assert_success (vtpm_state_file_inspect (sample, sizeof (sample), "file", &found, &error));
  cr_expect_arr_eq (found.uuid, header.uuid, VTPM_UUID_SIZE);
  cr_expect_arr_eq (found.key_id, header.key_id, VTPM_KEY_ID_SIZE);
  cr_expect_eq (found.generation, 5);
  cr_expect (vtpm_instance_id_equal (&found.id, &header.id));
  assert_success (vtpm_state_file_unseal (sample, sizeof (sample), "file", &key, &version,
                                          &permanent, &size, &error));
  cr_expect_eq (version, VTPM_TPM_2_0);
  cr_assert_eq (size, strlen (sample_permanent));
  cr_expect_arr_eq (permanent, sample_permanent, size);
}

static void
check_round_trip (size_t size, enum vtpm_tpm_version version)
{
  const struct vtpm_instance_key key = derive (host_key);
  _cleanup_free_ uint8_t *permanent = malloc (size + 1);
  _cleanup_free_ uint8_t *file = NULL;
  _cleanup_free_ uint8_t *found = NULL;
  enum vtpm_tpm_version found_version;
  size_t file_size = 0, found_size = 0;

  for (size_t i = 0; i < size; i++)
    permanent[i] = (uint8_t) (i * 7);
  assert_success (vtpm_state_file_seal (&header, &key, version, permanent, size, &file, &file_size,
                                        &error));
  cr_expect_eq (file_size, sizeof (sample) - strlen (sample_permanent) + size);
  assert_success (vtpm_state_file_unseal (file, file_size, "file", &key, &found_version, &found,
                                          &found_size, &error));
  cr_expect_eq (found_version, version);
  cr_assert_eq (found_size, size);
  cr_expect (memcmp (found, permanent, size) == 0);
}

Test (state_file, goes_round)
{
  check_round_trip (0, VTPM_TPM_2_0);
  check_round_trip (1, VTPM_TPM_1_2);
  check_round_trip (5000, VTPM_TPM_2_0);
  check_round_trip (VTPM_STATE_FILE_MAX - 1024, VTPM_TPM_1_2);
}

Test (state_file, has_a_limit)
{
  const struct vtpm_instance_key key = derive (host_key);
  _cleanup_free_ uint8_t *large = calloc (1, VTPM_STATE_FILE_MAX);
  uint8_t *file = NULL;
  size_t size;

  expect_error (vtpm_state_file_seal (&header, &key, VTPM_TPM_2_0, large, VTPM_STATE_FILE_MAX,
                                      &file, &size, &error),
                EFBIG, "a state of 2097152 bytes is too large");
  cr_expect_null (file);
}

Test (state_file, hides_the_state)
{
  static const uint8_t secret[] = "a primary seed";
  const struct vtpm_instance_key key = derive (host_key);
  _cleanup_free_ uint8_t *file = NULL;
  _cleanup_free_ uint8_t *again = NULL;
  size_t size, again_size;

  assert_success (vtpm_state_file_seal (&header, &key, VTPM_TPM_2_0, secret, sizeof (secret), &file,
                                        &size, &error));
  assert_success (vtpm_state_file_seal (&header, &key, VTPM_TPM_2_0, secret, sizeof (secret),
                                        &again, &again_size, &error));
  cr_expect_null (memmem (file, size, secret, sizeof (secret)));
  cr_expect_null (memmem (file, size, host_key, sizeof (host_key)));
  cr_expect_null (memmem (file, size, key.key, sizeof (key.key)));
  cr_assert_eq (size, again_size);
  cr_expect_arr_neq (file + NONCE, again + NONCE, 12, "a nonce was used twice");
  cr_expect_arr_neq (file + CIPHERTEXT, again + CIPHERTEXT, sizeof (secret));
}

Test (state_file, takes_the_key_id_from_the_key)
{
  const struct vtpm_instance_key key = derive (host_key);
  struct vtpm_state_header other_id = header, found;
  _cleanup_free_ uint8_t *file = NULL;
  size_t size;

  other_id.key_id[0] ^= 1;
  assert_success (vtpm_state_file_seal (&other_id, &key, VTPM_TPM_2_0, sample, 1, &file, &size,
                                        &error));
  assert_success (vtpm_state_file_inspect (file, size, "file", &found, &error));
  cr_expect_arr_eq (found.key_id, header.key_id, VTPM_KEY_ID_SIZE);
}

Test (state_file, derives_a_key_for_each_instance)
{
  const struct vtpm_instance_key key = derive (host_key);
  uint8_t uuid[VTPM_UUID_SIZE] = { 0 }, other_host_key[VTPM_HOST_KEY_SIZE] = { 0 };
  uint8_t id[VTPM_KEY_ID_SIZE];
  struct vtpm_instance_key other_uuid, other_host = derive (other_host_key);

  assert_success (vtpm_instance_key_derive (host_key, uuid, &other_uuid, &error));
  cr_expect_arr_eq (key.key_id, other_uuid.key_id, VTPM_KEY_ID_SIZE);
  cr_expect_arr_neq (key.key, other_uuid.key, sizeof (key.key));
  cr_expect_arr_neq (key.key_id, other_host.key_id, VTPM_KEY_ID_SIZE);
  cr_expect_arr_neq (key.key, other_host.key, sizeof (key.key));
  vtpm_host_key_id (host_key, id);
  cr_expect_arr_eq (id, key.key_id, VTPM_KEY_ID_SIZE);
}

/* Accidental damage is never taken for a wrong key, a newer version or another
   instance's state.  */
Test (state_file, notices_every_flipped_bit)
{
  uint8_t file[sizeof (sample)];

  for (size_t bit = 0; bit < 8 * sizeof (file); bit++)
    {
      int fault = bit / 8 < FORMAT ? VTPM_STATE_NOT_STATE : VTPM_STATE_DAMAGED;

      memcpy (file, sample, sizeof (file));
      file[bit / 8] ^= (uint8_t) (1 << bit % 8);
      expect_error (unseal (file, sizeof (file), &error), fault, "file: ");
    }
}

Test (state_file, notices_a_missing_end)
{
  expect_error (unseal (sample, 0, &error), VTPM_STATE_TRUNCATED, "file: truncated: it is empty");
  for (size_t size = 1; size < sizeof (sample); size++)
    expect_error (unseal (sample, size, &error), VTPM_STATE_TRUNCATED, "file: truncated: ");
  expect_error (unseal (sample, 120, &error), VTPM_STATE_TRUNCATED,
                "file: truncated: 120 of 150 bytes");
}

Test (state_file, notices_appended_bytes)
{
  uint8_t file[2 * sizeof (sample)] = { 0 };

  memcpy (file, sample, sizeof (sample));
  for (size_t size = sizeof (sample) + 1; size <= sizeof (file); size++)
    expect_error (unseal (file, size, &error), VTPM_STATE_DAMAGED, "instead of 150");
}

Test (state_file, is_not_any_other_file)
{
  static const uint8_t zeros[200];

  expect_error (unseal (zeros, sizeof (zeros), &error), VTPM_STATE_NOT_STATE,
                "file: not a vTPM's state");
  expect_error (unseal (zeros, 1, &error), VTPM_STATE_NOT_STATE, "file: not a vTPM's state");
  expect_error (unseal ((const uint8_t *) "OCI-vTPx", 8, &error), VTPM_STATE_NOT_STATE, "file: ");
}

/* What comes after the fixed beginning may be arranged in another way then.  */
Test (state_file, knows_a_newer_version)
{
  uint8_t file[sizeof (sample)];

  memcpy (file, sample, sizeof (file));
  file[FORMAT + 3] = 2;
  memset (file + HEADER_SIZE, 0xff, 4);
  memset (file + UUID, 0xff, sizeof (file) - UUID);
  renew_checksums (file, sizeof (file));
  expect_error (unseal (file, sizeof (file), &error), VTPM_STATE_NEWER,
                "file: written by a newer version (format 2; this one knows 1)");
  file[FORMAT] = 0xff;
  renew_checksums (file, sizeof (file));
  expect_error (unseal (file, sizeof (file), &error), VTPM_STATE_NEWER, "(format 4278190082; ");
}

Test (state_file, wants_its_own_key)
{
  uint8_t other_key[VTPM_HOST_KEY_SIZE] = { 0 };
  struct vtpm_instance_key key = derive (other_key);
  char expected[128];

  snprintf (expected, sizeof (expected),
            "file: is encrypted under host key 9371df399073fec3, this host's key is %02x%02x",
            key.key_id[0], key.key_id[1]);
  expect_error (unseal_with (&key, sample, sizeof (sample), &error), VTPM_STATE_WRONG_KEY,
                expected);
  /* The id alone does not open it.  */
  memcpy (key.key_id, header.key_id, VTPM_KEY_ID_SIZE);
  expect_error (unseal_with (&key, sample, sizeof (sample), &error), VTPM_STATE_FORGED,
                "file: forged: ");
}

/* All that somebody can do who knows the format but not the key.  */
Test (state_file, notices_every_forged_bit)
{
  uint8_t file[sizeof (sample)];

  for (size_t bit = 8 * UUID; bit < 8 * (sizeof (file) - 32); bit++)
    {
      size_t byte = bit / 8;
      bool in_key_id = byte >= KEY_ID && byte < GENERATION;
      bool in_names = byte >= SCOPE && byte < CIPHERTEXT;
      _cleanup_error_ struct vtpm_error *error = NULL;
      int fault;

      memcpy (file, sample, sizeof (file));
      file[byte] ^= (uint8_t) (1 << bit % 8);
      renew_checksums (file, sizeof (file));
      cr_assert_eq (unseal (file, sizeof (file), &error), -1, "bit %zu", bit);
      fault = vtpm_error_errnum (error);
      if (in_key_id)
        cr_expect_eq (fault, VTPM_STATE_WRONG_KEY, "bit %zu: %s", bit, vtpm_error_message (error));
      else
        cr_expect (fault == VTPM_STATE_FORGED || (in_names && fault == VTPM_STATE_DAMAGED),
                   "bit %zu: %s", bit, vtpm_error_message (error));
    }
}

/* Makes a file of SIZE bytes whose header says what the caller has written over
   the sample's, and expects that it is refused.  */
static void
expect_malformed (uint8_t *file, size_t size)
{
  uint64_t big_endian = htobe64 (size);

  memcpy (file + FILE_SIZE, &big_endian, sizeof (big_endian));
  renew_checksums (file, size);
  expect_error (unseal (file, size, &error), VTPM_STATE_DAMAGED,
                "file: damaged: its header is malformed");
}

Test (state_file, believes_no_malformed_header)
{
  static const struct
  {
    size_t offset;
    const char *bytes;
    size_t count;
  } changes[] = {
    { FORMAT, "\0\0\0\0", 4 },
    { HEADER_SIZE, "\0\0\0\0", 4 },
    { HEADER_SIZE, "\0\0\0\x4b", 4 },
    { HEADER_SIZE, "\0\0\0\x4c", 4 },
    { HEADER_SIZE, "\0\0\0\x55", 4 },
    { HEADER_SIZE, "\0\0\0\x57", 4 },
    { HEADER_SIZE, "\0\0\0\x96", 4 },
    { HEADER_SIZE, "\xff\xff\xff\xff", 4 },
    { GENERATION, "\0\0\0\0\0\0\0\0", 8 },
    { SCOPE, "\0", 1 },
    { SCOPE, "\x04", 1 },
    { SCOPE, "\x40", 1 },
    { SCOPE, "\xff", 1 },
    { SCOPE + 1, "../..", 5 },
    { SCOPE + 1, "LOCAL", 5 },
    { SCOPE + 1, "a\0cal", 5 },
    { NAME, "\0", 1 },
    { NAME, "\x02", 1 },
    { NAME, "\x04", 1 },
    { NAME, "\xff", 1 },
    { NAME + 1, "a/b", 3 },
    { NAME + 1, "a\nb", 3 },
    { NAME + 1, "we\0", 3 },
  };
  uint8_t file[sizeof (sample)];

  for (size_t i = 0; i < sizeof (changes) / sizeof (changes[0]); i++)
    {
      memcpy (file, sample, sizeof (file));
      memcpy (file + changes[i].offset, changes[i].bytes, changes[i].count);
      expect_malformed (file, sizeof (file));
    }
}

Test (state_file, believes_no_header_without_a_body)
{
  uint8_t file[sizeof (sample)];

  for (size_t size = UUID + 32; size < CIPHERTEXT + 1 + 16 + 32; size++)
    {
      memcpy (file, sample, sizeof (file));
      expect_malformed (file, size);
    }
}

Test (state_file, knows_no_third_tpm)
{
  const struct vtpm_instance_key key = derive (host_key);
  _cleanup_free_ uint8_t *file = NULL;
  size_t size;

  assert_success (vtpm_state_file_seal (&header, &key, (enum vtpm_tpm_version) 2, sample, 1, &file,
                                        &size, &error));
  expect_error (unseal (file, size, &error), VTPM_STATE_DAMAGED, "its TPM is of no known version");
}

/* RFC 5869, appendix A, cases 1 and 3; the output is cut at 16 bytes.  */
Test (state_file, uses_the_hkdf_of_the_rfc)
{
  static const uint8_t salt[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
  static const uint8_t with_salt[] = { 0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a,
                                       0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36, 0x2f, 0x2a };
  static const uint8_t without[] = { 0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f,
                                     0x71, 0x5f, 0x80, 0x2a, 0x06, 0x3c, 0x5a, 0x31 };
  uint8_t secret[22], output[16];

  memset (secret, 0x0b, sizeof (secret));
  assert_success (vtpm_crypto_hkdf (secret, sizeof (secret), salt, sizeof (salt),
                                    "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", output,
                                    sizeof (output), &error));
  cr_expect_arr_eq (output, with_salt, sizeof (output));
  assert_success (vtpm_crypto_hkdf (secret, sizeof (secret), NULL, 0, "", output, sizeof (output),
                                    &error));
  cr_expect_arr_eq (output, without, sizeof (output));
}
