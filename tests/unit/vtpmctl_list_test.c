/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_fixture.h"

#include "json.h"

TestSuite (vtpmctl_list, .init = make_host, .fini = remove_host, .timeout = 60);

/* What a killed supervisor left.  */
static void
make_dead_vtpm (const char *id, const char *instance)
{
  char name[64], record[200];

  snprintf (name, sizeof (name), "run/%s", id);
  cr_assert_eq (mkdir (temp_path (name), 0700), 0);
  snprintf (name, sizeof (name), "run/%s/vtpm.json", id);
  snprintf (record, sizeof (record), "{\"containerId\":\"%s\",\"driver\":\"vtpmx\"%s%s%s}", id,
            instance != NULL ? ",\"instance\":\"" : "", instance != NULL ? instance : "",
            instance != NULL ? "\"" : "");
  write_temp_file (name, record, strlen (record));
}

/* The columns of the line that begins with CONTAINER, and INSTANCE.  */
static void
expect_line (const char *container, const char *instance, const char *rest)
{
  char words[2][100], state[100];
  const char *line = printed;

  do
    {
      int length = 0;

      if (sscanf (line, "%99s %99s %99[^\n]%n", words[0], words[1], state, &length) == 3
          && strcmp (words[0], container) == 0 && strcmp (words[1], instance) == 0)
        {
          cr_expect_eq (strncmp (state, rest, strlen (rest)), 0, "%s", line);
          return;
        }
      line = strchr (line, '\n');
    }
  while (line != NULL && *++line != '\0');
  cr_assert_fail ("no %s %s in %s", container, instance, printed);
}

Test (vtpmctl_list, shows_running_and_kept)
{
  make_dead_vtpm ("c1", "local/web");
  make_dead_vtpm ("c2", NULL);
  make_instance ("web", 7, "state");
  make_instance ("db", 7, "state");
  make_instance ("_container/4f3c", 7, "state");
  write_temp_file ("instances/local/db/state", "nonsense", 8);
  run_success ("list");
  expect_printed ("CONTAINER INSTANCE ");
  expect_line ("c1", "local/web", "dead ");
  expect_line ("c2", "-", "dead ");
  expect_line ("-", "local/db", "damaged 2.0");
  expect_line ("-", "_container/4f3c", "stopped 2.0");
}

Test (vtpmctl_list, prints_json)
{
  _cleanup_json_ json_object *array = NULL;

  run_success ("list --json");
  cr_expect_eq (strspn (printed, "[] \n"), strlen (printed), "%s", printed);
  make_dead_vtpm ("c1", NULL);
  make_instance ("web", 7, "state");
  run_success ("list --json");
  array = json_tokener_parse (printed);
  cr_assert_eq (json_object_array_length (array), 2);
  expect_printed ("\"containerId\":\"c1\"");
  expect_printed ("\"instance\":\"local/web\"");
  expect_printed ("\"generation\":1");
}

Test (vtpmctl_list, needs_settings_that_are_right)
{
  write_temp_file ("config.json", "{\"stateDirectory\":\"/\"}", 22);
  run_error ("list", EINVAL, "config.json: unknown key \"stateDirectory\"");
  cr_expect_str_eq (printed, "");
}

/* vtpmctl inspect, out of the same list.  */
Test (vtpmctl_list, finds_one_to_inspect)
{
  static const struct
  {
    const char *line;
    const char *wanted;
  } cases[] = {
    { "inspect c1", "\"containerId\":\"c1\"" },
    { "inspect web", "\"instance\":\"local/web\"" },
    { "inspect local/web", "\"instance\":\"local/web\"" },
    { "inspect tenant/db", "\"instance\":\"tenant/db\"" },
    { "inspect web-", "\"containerId\":\"web-frontend\"" },
    { "inspect local/run", "\"containerId\":\"runner\"" },
    { "inspect db", "\"containerId\":\"db\"" },
    { "inspect _container/4f3c", "\"instance\":\"_container/4f3c\"" },
    { "inspect 4f3c", "\"instance\":\"_container/4f3c\"" },
  };

  make_dead_vtpm ("c1", NULL);
  make_dead_vtpm ("c2", NULL);
  make_dead_vtpm ("web-frontend", NULL);
  make_dead_vtpm ("db", NULL);
  make_dead_vtpm ("runner", "local/run");
  make_instance ("web", 7, "state");
  make_instance ("db", 7, "state");
  make_instance ("tenant/db", 7, "state");
  make_instance ("_container/4f3c", 7, "state");
  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      run_success (cases[i].line);
      expect_printed (cases[i].wanted);
    }
  run_error ("inspect c", 0, "\"c\" is the beginning of more than one id: c1, c2");
  run_error ("inspect tenant/web", ENOENT,
             "no vTPM of a container \"tenant/web\", and no instance");
  run_error ("inspect 4f3", ENOENT, "no vTPM of a container \"4f3\"");
}
