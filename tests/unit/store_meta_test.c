/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "store_meta.h"

#include "expect_error.h"
#include "json.h"

#define TEXT(instance, uuid, version, created_at, generation)                                      \
  "{\n  \"instance\": \"" instance "\",\n  \"uuid\": \"" uuid "\",\n  \"tpmVersion\": \"" version  \
  "\",\n  \"createdAt\": \"" created_at "\",\n  \"generation\": " generation "\n}\n"

#define UUID "00112233-4455-4677-8899-aabbccddeeff"
#define CREATED "2026-01-31T23:59:59Z"

static const char sample[] = TEXT ("local/web", UUID, "2.0", CREATED, "12");

static const struct vtpm_store_meta meta = {
  .id = { "local", "web" },
  .uuid = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x46, 0x77,
            0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff },
  .version = VTPM_TPM_2_0,
  .created_at = CREATED,
  .generation = 12,
};

Test (store_meta, is_written)
{
  char text[VTPM_STORE_META_SIZE];

  cr_expect_eq (vtpm_store_meta_format (&meta, text), strlen (sample));
  cr_expect_str_eq (text, sample);
}

Test (store_meta, is_json)
{
  _cleanup_json_ json_object *object = NULL;
  const char *instance = "", *uuid = "", *version = "";
  int64_t generation = 0;

  assert_success (vtpm_json_parse (sample, strlen (sample), "meta", &object, &error));
  assert_success (vtpm_json_get_string (object, "meta", "instance", true, &instance, &error));
  assert_success (vtpm_json_get_string (object, "meta", "uuid", true, &uuid, &error));
  assert_success (vtpm_json_get_string (object, "meta", "tpmVersion", true, &version, &error));
  assert_success (vtpm_json_get_integer (object, "meta", "generation", true, 0, INT64_MAX,
                                         &generation, &error));
  cr_expect_str_eq (instance, "local/web");
  cr_expect_str_eq (uuid, UUID);
  cr_expect_str_eq (version, "2.0");
  cr_expect_eq (generation, 12);
}

static void
expect_round_trip (const struct vtpm_store_meta *written)
{
  char text[VTPM_STORE_META_SIZE];
  struct vtpm_store_meta read;
  size_t length = vtpm_store_meta_format (written, text);

  cr_assert_lt (length, sizeof (text));
  assert_success (vtpm_store_meta_parse (text, length, "meta", &read, &error));
  cr_expect (vtpm_instance_id_equal (&read.id, &written->id));
  cr_expect_arr_eq (read.uuid, written->uuid, VTPM_UUID_SIZE);
  cr_expect_eq (read.version, written->version);
  cr_expect_str_eq (read.created_at, written->created_at);
  cr_expect_eq (read.generation, written->generation);
}

Test (store_meta, goes_round)
{
  struct vtpm_store_meta largest = meta;

  expect_round_trip (&meta);
  strcpy (largest.id.scope, VTPM_SCOPE_CONTAINER);
  memset (largest.id.name, 'x', VTPM_INSTANCE_NAME_MAX);
  memset (largest.uuid, 0xff, VTPM_UUID_SIZE);
  largest.version = VTPM_TPM_1_2;
  largest.generation = UINT64_MAX;
  vtpm_store_meta_set_created (&largest);
  expect_round_trip (&largest);
}

static void
expect_refused (const char *text, size_t length)
{
  struct vtpm_store_meta read;

  expect_error (vtpm_store_meta_parse (text, length, "meta", &read, &error), VTPM_STATE_DAMAGED,
                "meta: damaged: not as this program writes it");
}

Test (store_meta, is_believed_in_no_other_form)
{
  static const char *const texts[] = {
    "",
    "{}",
    "nonsense",
    TEXT ("web", UUID, "2.0", CREATED, "12"),
    TEXT ("local/../web", UUID, "2.0", CREATED, "12"),
    TEXT ("", UUID, "2.0", CREATED, "12"),
    TEXT ("local/web", "", "2.0", CREATED, "12"),
    TEXT ("local/web", "00112233-4455-4677-8899-aabbccddeef", "2.0", CREATED, "12"),
    TEXT ("local/web", "00112233-4455-4677-8899-aabbccddeeff0", "2.0", CREATED, "12"),
    TEXT ("local/web", "0011223344554677-8899-aabbccddeeff--", "2.0", CREATED, "12"),
    TEXT ("local/web", "00112233-4455-4677-8899-AABBCCDDEEFF", "2.0", CREATED, "12"),
    TEXT ("local/web", "------------------------------------", "2.0", CREATED, "12"),
    TEXT ("local/web", UUID, "2", CREATED, "12"),
    TEXT ("local/web", UUID, "2.0", "", "12"),
    TEXT ("local/web", UUID, "2.0", CREATED "Z", "12"),
    TEXT ("local/web", UUID, "2.0", CREATED, "-12"),
    TEXT ("local/web", UUID, "2.0", CREATED, "+12"),
    TEXT ("local/web", UUID, "2.0", CREATED, "012"),
    TEXT ("local/web", UUID, "2.0", CREATED, "12.0"),
    TEXT ("local/web", UUID, "2.0", CREATED, "18446744073709551616"),
    TEXT ("local/web", UUID, "2.0", CREATED, "12,\n  \"more\": 1"),
    TEXT ("local/web", UUID, "2.0", CREATED, "12") " ",
    " " TEXT ("local/web", UUID, "2.0", CREATED, "12"),
  };

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    expect_refused (texts[i], strlen (texts[i]));
}

Test (store_meta, is_whole)
{
  char text[2 * VTPM_STORE_META_SIZE];

  for (size_t length = 0; length < strlen (sample); length++)
    expect_refused (sample, length);
  memset (text, ' ', sizeof (text));
  memcpy (text, sample, strlen (sample));
  for (size_t length = strlen (sample) + 1; length <= sizeof (text); length++)
    expect_refused (text, length);
  expect_refused (sample, sizeof (sample));
}

/* One flipped bit may make another uuid, but never what is not a value of its
   kind.  */
Test (store_meta, says_what_it_was_read_from)
{
  char text[sizeof (sample)], again[VTPM_STORE_META_SIZE];

  for (size_t bit = 0; bit < 8 * strlen (sample); bit++)
    {
      struct vtpm_store_meta read;

      memcpy (text, sample, sizeof (text));
      text[bit / 8] ^= (char) (1 << bit % 8);
      if (vtpm_store_meta_parse (text, strlen (sample), "meta", &read, NULL) == 0)
        {
          cr_expect_eq (vtpm_store_meta_format (&read, again), strlen (sample));
          cr_expect_str_eq (text, again);
        }
    }
}
