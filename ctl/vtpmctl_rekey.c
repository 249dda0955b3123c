/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <ctype.h>
#include <stdio.h>

#include "host_config.h"
#include "host_key_change.h"
#include "rekey_work.h"
#include "store_user.h"
#include "vtpmctl.h"

/* The host's key is the parent's business, the instances are the child's.  */
static int
work_on_instances (const char *state_dir, const struct vtpm_host_keys *keys,
                   struct vtpm_rekey_result *result, struct vtpm_secret_bytes *lines,
                   struct vtpm_error **error)
{
  struct vtpm_rekey_work work = { .state_dir = state_dir, .keys = keys };
  _cleanup_error_ struct vtpm_error *problem = NULL;

  *result = (struct vtpm_rekey_result) { 0 };
  if (vtpm_store_user_run (state_dir, vtpm_rekey_work, &work, lines, &problem) < 0)
    return vtpm_error_errnum (problem) == ENOENT ? 0 : vtpm_error_pass (error, &problem);
  if (lines->size < sizeof (*result))
    return vtpm_error_set_plain (error, EPROTO, "nothing is known of the instances in %s",
                                 state_dir);
  memcpy (result, lines->data, sizeof (*result));
  return 0;
}

/* The lines come from the less privileged child.  */
static void
print_lines (const struct vtpm_secret_bytes *lines)
{
  for (size_t i = sizeof (struct vtpm_rekey_result); i < lines->size; i++)
    {
      int byte = lines->data[i];

      putchar (isprint (byte) || byte == '\n' ? byte : '?');
    }
}

static int
report (const char *path, bool resumed, const struct vtpm_rekey_result *result,
        const struct vtpm_secret_bytes *lines, struct vtpm_error **error)
{
  printf ("%s %s; instances encrypted anew: %u, left: %u\n", path,
          resumed ? "was being changed, and still is" : "is a new key", result->done,
          result->left);
  print_lines (lines);
  if (result->left > 0)
    {
      printf ("%s.previous is kept for these; run this again when they have ended, or been started "
              "again\n",
              path);
      return resumed ? vtpm_error_set_plain (error, EBUSY,
                                             "no further key is made while %s.previous is needed",
                                             path)
                     : 0;
    }
  if (vtpm_host_key_change_end (path, error) < 0)
    return -1;
  if (resumed)
    printf ("that change is complete; run this again for a further key\n");
  return 0;
}

static int
get_config (const struct vtpmctl_host *host, struct vtpm_host_config *config,
            struct vtpm_error **error)
{
  if (vtpm_host_config_load (host->config_file, config, error) < 0)
    return -1;
  if (strcmp (config->host_key_source, "file") != 0)
    return vtpm_error_set_plain (error, EINVAL,
                                 "the host key is a %s, and no file that could be changed here",
                                 config->host_key_source);
  return 0;
}

int
vtpmctl_rekey (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
               struct vtpm_error **error)
{
  _cleanup_host_keys_ struct vtpm_host_keys keys = { 0 };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes lines = { 0 };
  struct vtpm_rekey_result result;
  struct vtpm_host_config config;
  const char *path = config.host_key_location;
  bool resumed, changing;

  (void) options;
  if (get_config (host, &config, error) < 0
      || vtpm_host_key_change_look (path, &keys, &resumed, error) < 0)
    return -1;
  if (!resumed
      && (vtpm_host_key_change_begin (path, error) < 0
          || vtpm_host_key_change_look (path, &keys, &changing, error) < 0))
    return -1;
  if (work_on_instances (config.state_dir, &keys, &result, &lines, error) < 0)
    return vtpm_error_wrap (error, "%s is changed, but run this again", path);
  return report (path, resumed, &result, &lines, error);
}
