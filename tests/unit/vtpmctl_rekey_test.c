/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "kept_info.h"
#include "vtpmctl_fixture.h"

static void
set_up (void)
{
  make_host ();
  write_host_key ("host.key", 7);
}

TestSuite (vtpmctl_rekey, .init = set_up, .fini = remove_host, .timeout = 60);

static bool
is_under (const char *name, uint8_t key_byte)
{
  _cleanup_store_list_ struct vtpm_store_list list = { 0 };
  uint8_t key[VTPM_HOST_KEY_SIZE], id[VTPM_KEY_ID_SIZE];
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE];

  memset (key, key_byte, sizeof (key));
  vtpm_host_key_id (key, id);
  assert_success (vtpm_store_list (temp_dir, &list, &error));
  for (size_t i = 0; i < list.count; i++)
    if (strcmp (vtpm_instance_id_format (&list.entries[i].id, instance), name) == 0)
      return memcmp (list.entries[i].key_id, id, sizeof (id)) == 0;
  return false;
}

/* With the key that is there now.  */
static void
expect_state (const char *name, const char *state)
{
  int fd = open (temp_path ("host.key"), O_RDONLY | O_CLOEXEC);
  struct vtpm_host_keys keys = { .count = 1 };
  _cleanup_store_ struct vtpm_store *store = NULL;
  const uint8_t *permanent;
  size_t size;

  cr_assert_eq (read (fd, keys.key[0], VTPM_HOST_KEY_SIZE), VTPM_HOST_KEY_SIZE);
  close (fd);
  store = open_instance_under (name, &keys);
  vtpm_store_get_permanent (store, &permanent, &size);
  cr_assert_eq (size, strlen (state), "%s", name);
  cr_expect_arr_eq (permanent, state, size, "%s", name);
}

Test (vtpmctl_rekey, encrypts_all_anew)
{
  struct stat before, after;

  make_instance ("web", 7, "state of web");
  make_instance ("_container/4f3c", 7, "state of 4f3c");
  set_last_use ("_container/4f3c", 3);
  cr_assert_eq (stat (temp_path ("instances/_container/4f3c/lock"), &before), 0);
  run_success ("rekey");
  expect_printed ("is a new key; instances encrypted anew: 2, left: 0\n");
  cr_expect (!is_there ("host.key.previous"));
  cr_expect (!is_there ("host.key.new"));
  cr_expect (!is_under ("local/web", 7));
  cr_expect (!is_under ("_container/4f3c", 7));
  expect_state ("web", "state of web");
  cr_assert_eq (stat (temp_path ("instances/_container/4f3c/lock"), &after), 0);
  cr_expect_eq (after.st_mtime, before.st_mtime);
}

/* Who changes the key because others know it does not want them to read an older
   generation either.  */
Test (vtpmctl_rekey, leaves_nothing_under_the_old_key)
{
  struct vtpm_state_header header;
  uint8_t key[VTPM_HOST_KEY_SIZE], id[VTPM_KEY_ID_SIZE], file[4096];
  ssize_t size;
  int fd;

  make_instance ("web", 7, "one");
  make_instance ("web", 7, "two");
  run_success ("rekey");
  fd = open (temp_path ("instances/local/web/state.previous"), O_RDONLY | O_CLOEXEC);
  size = read (fd, file, sizeof (file));
  close (fd);
  assert_success (vtpm_state_file_inspect (file, (size_t) size, "previous", &header, &error));
  memset (key, 7, sizeof (key));
  vtpm_host_key_id (key, id);
  cr_expect_arr_neq (header.key_id, id, sizeof (id));
}

Test (vtpmctl_rekey, waits_for_what_is_in_use)
{
  struct vtpm_store *store;
  struct stat first, second;

  make_instance ("web", 7, "state");
  make_instance ("db", 7, "state");
  store = open_instance ("web", 7);
  run_success ("rekey");
  expect_printed ("is a new key; instances encrypted anew: 1, left: 1\n");
  expect_printed ("instance local/web is in use by container 4f3c\n");
  expect_printed ("host.key.previous is kept for these");
  cr_assert_eq (stat (temp_path ("host.key"), &first), 0);

  run_error ("rekey", EBUSY, "no further key is made while ");
  expect_printed ("instances encrypted anew: 0, left: 1\n");
  cr_expect (is_there ("host.key.previous"));
  vtpm_store_close (store);

  run_success ("rekey");
  expect_printed ("instances encrypted anew: 1, left: 0\n");
  expect_printed ("that change is complete");
  cr_expect (!is_there ("host.key.previous"));
  cr_assert_eq (stat (temp_path ("host.key"), &second), 0);
  cr_expect_eq (first.st_ino, second.st_ino);
  expect_state ("web", "state");
}

/* What the container writes next will be under the key that it started with.  */
Test (vtpmctl_rekey, waits_for_what_is_new)
{
  struct vtpm_store *store = open_instance ("web", 7);

  run_success ("rekey");
  expect_printed ("left: 1\n");
  cr_expect (is_there ("host.key.previous"));
  assert_success (vtpm_store_commit (store, (const uint8_t *) "state", 5, &error));
  vtpm_store_close (store);
  run_success ("rekey");
  cr_expect (!is_there ("host.key.previous"));
  expect_state ("web", "state");
}

Test (vtpmctl_rekey, keeps_the_key_of_what_is_damaged)
{
  make_instance ("web", 7, "state");
  write_temp_file ("instances/local/web/state", "nonsense", 8);
  run_success ("rekey");
  expect_printed ("left: 1\n");
  expect_printed ("local/web/state");
  cr_expect (is_there ("host.key.previous"));
  run_success ("rm web");
  run_success ("rekey");
  cr_expect (!is_there ("host.key.previous"));
}

/* Neither of our keys is of any use to it.  */
Test (vtpmctl_rekey, leaves_what_is_foreign)
{
  make_instance ("web", 9, "state");
  run_success ("rekey");
  expect_printed ("instances encrypted anew: 0, left: 0\n");
  cr_expect (is_under ("local/web", 9));
}

/* As a kill leaves them: after the new key; after some instances; before the
   previous key is removed.  */
Test (vtpmctl_rekey, goes_on_after_an_interruption)
{
  write_host_key ("host.key.previous", 6);
  make_instance ("web", 6, "state");
  make_instance ("db", 7, "state");
  run_success ("rekey");
  expect_printed ("was being changed, and still is; instances encrypted anew: 1, left: 0\n");
  cr_expect (is_under ("local/web", 7));
  cr_expect (is_under ("local/db", 7));
  cr_expect (!is_there ("host.key.previous"));

  write_host_key ("host.key.previous", 6);
  run_success ("rekey");
  expect_printed ("instances encrypted anew: 0, left: 0\n");
  cr_expect (is_under ("local/web", 7));
  cr_expect (!is_there ("host.key.previous"));
}

Test (vtpmctl_rekey, needs_a_key_in_a_file)
{
  char config[200];

  cr_assert_eq (rmdir (temp_path ("instances")), 0);
  run_success ("rekey");
  expect_printed ("instances encrypted anew: 0, left: 0\n");
  cr_assert_eq (unlink (temp_path ("host.key")), 0);
  run_error ("rekey", ENOENT, "cannot open host key ");
  snprintf (config, sizeof (config), "{\"stateDir\":\"%s\",\"hostKey\":{\"credential\":\"key\"}}",
            temp_dir);
  write_temp_file ("config.json", config, strlen (config));
  run_error ("rekey", EINVAL, "the host key is a credential, and no file");
}
