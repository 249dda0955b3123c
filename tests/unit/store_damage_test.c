/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */

/* State that is not as it should be.  It stays as it is, to be looked at.  */
#include "store_fixture.h"

TestSuite (store_damage, .init = make_state_dir, .fini = remove_temp_dir, .timeout = 60);

static const struct vtpm_instance_id db = { "local", "db" };

static void
expect_fault (int errnum, const char *text)
{
  struct stat before, after;
  bool there = lstat (temp_path (WEB "state"), &before) == 0;

  expect_error (try_open_web (&error), errnum, text);
  cr_assert_eq (lstat (temp_path (WEB "state"), &after) == 0, there);
  if (there)
    cr_expect_eq (before.st_ino, after.st_ino, "it was replaced");
}

Test (store_damage, refuses_damaged_state)
{
  struct content content, after;

  make_generation (&web, "first");
  make_generation (&web, "second");
  content = read_temp_file (WEB "state");
  for (size_t i = 0; i < content.size; i++)
    {
      content.bytes[i] ^= 0x10;
      write_temp_file (WEB "state", content.bytes, content.size);
      expect_fault (i < 8 ? VTPM_STATE_NOT_STATE : VTPM_STATE_DAMAGED, WEB "state: ");
      after = read_temp_file (WEB "state");
      cr_assert (memcmp (&content, &after, sizeof (content)) == 0, "byte %zu", i);
      content.bytes[i] ^= 0x10;
    }
  write_temp_file (WEB "state", content.bytes, content.size);
  expect_web_holds ("second");
}

Test (store_damage, refuses_truncated_state)
{
  struct content content;

  make_generation (&web, "first");
  content = read_temp_file (WEB "state");
  for (size_t size = 0; size < content.size; size++)
    {
      write_temp_file (WEB "state", content.bytes, size);
      expect_fault (VTPM_STATE_TRUNCATED, WEB "state: truncated: ");
    }
}

Test (store_damage, refuses_a_file_that_is_too_large)
{
  make_generation (&web, "first");
  cr_assert_eq (truncate (temp_path (WEB "state"), VTPM_STATE_FILE_MAX + 1), 0);
  expect_fault (VTPM_STATE_NOT_STATE, WEB "state: 2097153 bytes are too many for such a file");
  cr_assert_eq (truncate (temp_path (WEB "state"), VTPM_STATE_FILE_MAX), 0);
  expect_fault (VTPM_STATE_DAMAGED, WEB "state: damaged: ");
}

Test (store_damage, refuses_what_is_no_file)
{
  make_generation (&web, "first");
  cr_assert_eq (rename (temp_path (WEB "state"), temp_path ("elsewhere")), 0);
  cr_assert_eq (symlink ("../../../elsewhere", temp_path (WEB "state")), 0);
  expect_fault (VTPM_STATE_NOT_STATE, WEB "state: not a regular file");
  cr_assert_eq (unlink (temp_path (WEB "state")), 0);
  cr_assert_eq (symlink ("nowhere", temp_path (WEB "state")), 0);
  expect_fault (VTPM_STATE_NOT_STATE, WEB "state: not a regular file");
  cr_assert_eq (unlink (temp_path (WEB "state")), 0);
  cr_assert_eq (mkfifo (temp_path (WEB "state"), 0600), 0);
  expect_fault (VTPM_STATE_NOT_STATE, WEB "state: not a regular file");
  cr_assert_eq (unlink (temp_path (WEB "state")), 0);
  cr_assert_eq (mkdir (temp_path (WEB "state"), 0700), 0);
  expect_fault (VTPM_STATE_NOT_STATE, WEB "state: not a regular file");
}

Test (store_damage, refuses_a_lost_state)
{
  make_generation (&web, "first");
  make_generation (&web, "second");
  cr_assert_eq (unlink (temp_path (WEB "state")), 0);
  expect_fault (VTPM_STATE_MISSING,
                WEB "state: is missing, but state.previous is there; it is not made anew");
  cr_assert_eq (unlink (temp_path (WEB "state.previous")), 0);
  expect_fault (VTPM_STATE_MISSING,
                WEB "state: is missing, but meta.json is there; it is not made");
  write_temp_file (WEB "meta.json", "nonsense", 8);
  expect_fault (VTPM_STATE_MISSING,
                WEB "state: is missing, but meta.json is there; it is not made");
  cr_assert_eq (rename (temp_path (WEB "meta.json"), temp_path (WEB "state.previous.new")), 0);
  expect_fault (VTPM_STATE_MISSING, WEB "state: is missing, but state.previous.new is there; ");
  cr_expect (exists (WEB "state.previous.new"));
}

Test (store_damage, refuses_another_instance_s_state)
{
  make_generation (&web, "web");
  make_generation (&db, "db");
  copy_temp_file ("instances/local/db/state", WEB "state");
  expect_fault (VTPM_STATE_FOREIGN,
                WEB "state: is the state of instance local/db, not of local/web");
  copy_temp_file ("instances/local/db/meta.json", WEB "meta.json");
  expect_fault (VTPM_STATE_FOREIGN,
                WEB "state: is the state of instance local/db, not of local/web");
}

Test (store_damage, refuses_a_renamed_instance)
{
  make_generation (&db, "db");
  cr_assert_eq (rename (temp_path ("instances/local/db"), temp_path ("instances/local/web")), 0);
  expect_fault (VTPM_STATE_FOREIGN,
                WEB "state: is the state of instance local/db, not of local/web");
}

/* Of an earlier instance of the same name, say.  */
Test (store_damage, refuses_the_state_of_a_namesake)
{
  make_generation (&web, "first");
  copy_temp_file (WEB "state", "backup");
  assert_success (vtpm_store_remove (temp_dir, &web, &error));
  make_generation (&web, "second");
  copy_temp_file ("backup", WEB "state");
  expect_fault (VTPM_STATE_FOREIGN, WEB "state: is of the instance with the uuid ");
}

Test (store_damage, refuses_the_previous_state_put_back)
{
  make_generation (&web, "first");
  make_generation (&web, "second");
  make_generation (&web, "third");
  copy_temp_file (WEB "state", "backup");
  copy_temp_file (WEB "state.previous", WEB "state");
  expect_fault (VTPM_STATE_ROLLED_BACK,
                WEB "state: generation 2 is not newer than generation 2 of state.previous");
  cr_assert_eq (unlink (temp_path (WEB "state")), 0);
  cr_assert_eq (link (temp_path (WEB "state.previous"), temp_path (WEB "state")), 0);
  expect_fault (VTPM_STATE_ROLLED_BACK, "is not newer than generation 2 of state.previous");
  copy_temp_file ("backup", WEB "state");
}

Test (store_damage, refuses_an_old_backup)
{
  struct vtpm_store *store;

  make_generation (&web, "first");
  copy_temp_file (WEB "state", "backup");
  make_generation (&web, "second");
  make_generation (&web, "third");
  copy_temp_file (WEB "state", "new");
  copy_temp_file ("backup", WEB "state");
  expect_fault (VTPM_STATE_ROLLED_BACK,
                WEB "state: generation 1 is older than generation 2, which this instance has had");
  cr_assert_eq (unlink (temp_path (WEB "state.previous")), 0);
  expect_fault (VTPM_STATE_ROLLED_BACK, "generation 1 is older than generation 2");
  copy_temp_file ("new", WEB "state");
  store = open_web ();
  cr_expect (holds (store, "third"));
  vtpm_store_close (store);
}

Test (store_damage, compares_with_no_namesake_s_previous_state)
{
  make_generation (&web, "first");
  make_generation (&web, "second");
  copy_temp_file (WEB "state", "backup");
  assert_success (vtpm_store_remove (temp_dir, &web, &error));
  make_generation (&web, "new");
  copy_temp_file ("backup", WEB "state.previous");
  expect_web_holds ("new");
}

Test (store_damage, needs_no_previous_state)
{
  make_generation (&web, "first");
  make_generation (&web, "second");
  write_temp_file (WEB "state.previous", "damaged", 7);
  expect_web_holds ("second");
  cr_assert_eq (unlink (temp_path (WEB "state.previous")), 0);
  expect_web_holds ("second");
  cr_assert_eq (mkdir (temp_path (WEB "state.previous"), 0700), 0);
  expect_web_holds ("second");
}

Test (store_damage, refuses_a_damaged_meta_json)
{
  struct content content;

  make_generation (&web, "first");
  content = read_temp_file (WEB "meta.json");
  for (size_t i = 0; i < content.size; i++)
    {
      write_temp_file (WEB "meta.json", content.bytes, i);
      expect_fault (VTPM_STATE_DAMAGED, WEB "meta.json: damaged: ");
    }
  cr_assert_eq (truncate (temp_path (WEB "meta.json"), 4096), 0);
  expect_fault (VTPM_STATE_NOT_STATE, WEB "meta.json: 4096 bytes are too many");
  cr_assert_eq (unlink (temp_path (WEB "meta.json")), 0);
  cr_assert_eq (symlink ("elsewhere", temp_path (WEB "meta.json")), 0);
  expect_fault (VTPM_STATE_NOT_STATE, WEB "meta.json: not a regular file");
}
