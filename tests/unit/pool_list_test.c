/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "pool_list.h"

#include <sys/stat.h>

#include "expect_error.h"
#include "temp_dir.h"

#define UUID "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff"
#define OTHER "1f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff"

static const struct vtpm_pool_kind kind = { .eks = 5, .pcr_banks = 0, .authority = 0xab };

static void
make_pool (void)
{
  make_temp_dir ();
  cr_assert_eq (mkdir (temp_path ("instances"), 0700), 0);
  cr_assert_eq (mkdir (temp_path ("instances/_pool"), 0700), 0);
}

TestSuite (pool_list, .init = make_pool, .fini = remove_temp_dir);

static void
add_entry (const char *name, bool complete)
{
  char path[256];

  snprintf (path, sizeof (path), "instances/_pool/%s", name);
  cr_assert_eq (mkdir (temp_path (path), 0700), 0);
  snprintf (path, sizeof (path), "instances/_pool/%s/state", name);
  if (complete)
    write_temp_file (path, "", 0);
}

Test (pool_list, has_names_that_say_all)
{
  struct vtpm_pool_entry entry, again;

  vtpm_pool_entry_make (&kind, UUID, &entry);
  cr_expect_str_eq (entry.name, "ek05-pcr0-ca000000ab-" UUID);
  cr_assert (vtpm_pool_entry_parse (entry.name, &again));
  cr_expect (vtpm_pool_kind_equal (&again.kind, &kind));
  cr_expect_str_eq (again.uuid, UUID);
}

Test (pool_list, has_no_other_names)
{
  static const char *const names[] = {
    "",
    "web",
    "ek05-pcr0-ca000000ab-",
    "ek5-pcr0-ca000000ab-" UUID,
    "ek05-pcr0-caab-" UUID,
    "ek05-pcr0-ca000000AB-" UUID,
    "ek+5-pcr0-ca000000ab-" UUID,
    "ek05-pcr0-ca000000ab-" UUID "0",
    "ek05-pcr0-ca000000ab-0f1e2d3c",
    "~ek05-pcr0-ca000000ab-" UUID,
  };
  struct vtpm_pool_entry entry;

  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    cr_expect_not (vtpm_pool_entry_parse (names[i], &entry), "%s", names[i]);
}

Test (pool_list, gives_what_fits)
{
  _cleanup_pool_list_ struct vtpm_pool_list list = { 0 };
  const struct vtpm_pool_kind others[]
      = { { 4, 0, 0xab }, { 5, 1, 0xab }, { 5, 0, 0xac } };
  const struct vtpm_pool_entry *entry;

  add_entry ("ek05-pcr0-ca000000ab-" UUID, true);
  add_entry ("ek05-pcr0-ca000000ab-" OTHER, false);
  add_entry ("ek05-pcr0-ca000000ad-" OTHER, true);
  add_entry ("web", true);
  assert_success (vtpm_pool_list_read (temp_dir, &list, &error));
  cr_expect_eq (list.count, 2);
  for (int i = 0; i < 20; i++)
    {
      entry = vtpm_pool_list_choose (&list, &kind);
      cr_assert_not_null (entry);
      cr_expect_str_eq (entry->uuid, UUID);
    }
  for (size_t i = 0; i < sizeof (others) / sizeof (others[0]); i++)
    cr_expect_null (vtpm_pool_list_choose (&list, &others[i]));
}

Test (pool_list, may_be_missing)
{
  struct vtpm_pool_list list;

  cr_assert_eq (rmdir (temp_path ("instances/_pool")), 0);
  assert_success (vtpm_pool_list_read (temp_dir, &list, &error));
  cr_expect_eq (list.count, 0);
  cr_expect_null (vtpm_pool_list_choose (&list, &kind));
  cr_assert_eq (symlink ("/", temp_path ("instances/_pool")), 0);
  expect_error (vtpm_pool_list_read (temp_dir, &list, &error), ENOTDIR, "instances/_pool");
}
