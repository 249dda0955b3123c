/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "instance_id.h"

#include "expect_error.h"

static void
expect_id (const char *text, const char *scope, const char *name)
{
  char formatted[VTPM_INSTANCE_ID_TEXT_SIZE], expected[VTPM_INSTANCE_ID_TEXT_SIZE];
  struct vtpm_instance_id id;

  assert_success (vtpm_instance_id_parse (text, &id, &error));
  cr_expect_str_eq (id.scope, scope);
  cr_expect_str_eq (id.name, name);
  snprintf (expected, sizeof (expected), "%s/%s", scope, name);
  cr_expect_str_eq (vtpm_instance_id_format (&id, formatted), expected);
}

#define X9 "xxxxxxxxx"
#define X63 X9 X9 X9 X9 X9 X9 X9

Test (instance_id, parses)
{
  expect_id ("web", "local", "web");
  expect_id ("local/web", "local", "web");
  expect_id ("a", "local", "a");
  expect_id ("0", "local", "0");
  expect_id ("kube-system/web-1.example", "kube-system", "web-1.example");
  expect_id ("a..b", "local", "a..b");
  expect_id (X63 "/" X63, X63, X63);
  expect_id ("_container/4F3c_a+b.c-d", "_container", "4F3c_a+b.c-d");
}

Test (instance_id, has_room_for_the_longest_container_id)
{
  char container_id[255], formatted[VTPM_INSTANCE_ID_TEXT_SIZE];
  struct vtpm_instance_id id;

  memset (container_id, 'x', sizeof (container_id) - 1);
  container_id[sizeof (container_id) - 1] = '\0';
  assert_success (vtpm_instance_id_of_container (container_id, &id, &error));
  cr_expect_str_eq (id.scope, VTPM_SCOPE_CONTAINER);
  cr_expect_str_eq (id.name, container_id);
  expect_id (vtpm_instance_id_format (&id, formatted), VTPM_SCOPE_CONTAINER, container_id);
}

Test (instance_id, refuses_bad_names)
{
  static const char *const names[]
      = { "",      "local/",   "-a",   "a-",        ".a",    "a.",          ".",
          "..",    "A",        "a_b",  "local/a/b", "a b",   "a\n",         "~a",
          X63 "x", "local//a", "a\\b", "local/..",  "a\xc3", "local/a\x1b", "local/_a" };
  struct vtpm_instance_id id;

  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    expect_error (vtpm_instance_id_parse (names[i], &id, &error), EINVAL, "instance name \"");
  expect_error (vtpm_instance_id_parse ("a\nb", &id, &error), EINVAL, "\"a?b\" is not 1 to 63");
}

Test (instance_id, refuses_bad_scopes)
{
  static const char *const scopes[] = { "/a",       "../a", "./a", "a.b/a",   "-a/a", "a-/a",
                                        "_other/a", "_/a",  "A/a", X63 "x/a", "~a/a" };
  struct vtpm_instance_id id;

  for (size_t i = 0; i < sizeof (scopes) / sizeof (scopes[0]); i++)
    expect_error (vtpm_instance_id_parse (scopes[i], &id, &error), EINVAL, "instance scope \"");
}

Test (instance_id, refuses_bad_container_ids)
{
  static const char *const ids[] = { "", ".", "..", ".a", "a/b", "a b", "~a" };
  struct vtpm_instance_id id;

  for (size_t i = 0; i < sizeof (ids) / sizeof (ids[0]); i++)
    expect_error (vtpm_instance_id_of_container (ids[i], &id, &error), EINVAL, "container id \"");
  expect_error (vtpm_instance_id_parse ("_container/../x", &id, &error), EINVAL, "container id");
}

Test (instance_id, compares)
{
  const struct vtpm_instance_id web = { "local", "web" }, same = { "local", "web" };
  const struct vtpm_instance_id other_name = { "local", "db" }, other_scope = { "prod", "web" };

  cr_expect (vtpm_instance_id_equal (&web, &same));
  cr_expect_not (vtpm_instance_id_equal (&web, &other_name));
  cr_expect_not (vtpm_instance_id_equal (&web, &other_scope));
}
