/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "device_cgroup_internal.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "log.h"

/* What devices.list says of a cgroup in which all devices are allowed that
   are not denied.  */
#define ALLOW_ALL "a *:* rwm"

struct vtpm_device_grant
{
  size_t count;
  struct vtpm_device_number numbers[];
};

/* Whether the cgroup denies nothing.  */
static int
check_unrestricted (int cgroup_fd, bool *unrestricted, struct vtpm_error **error)
{
  _cleanup_close_ int fd = openat (cgroup_fd, "devices.list", O_RDONLY | O_CLOEXEC);
  char text[sizeof (ALLOW_ALL) - 1];
  ssize_t got;

  if (fd < 0 || (got = read (fd, text, sizeof (text))) < 0)
    return vtpm_error_set (error, errno, "cannot read devices.list");
  *unrestricted = (size_t) got == sizeof (text) && memcmp (text, ALLOW_ALL, sizeof (text)) == 0;
  return 0;
}

/* Gives FILE, devices.allow or devices.deny, the rule for one device.  */
static int
write_rule (int cgroup_fd, const char *file, const struct vtpm_device_number *number,
            struct vtpm_error **error)
{
  _cleanup_close_ int fd = openat (cgroup_fd, file, O_WRONLY | O_CLOEXEC);
  char rule[64];
  int length = snprintf (rule, sizeof (rule), "c %u:%u rw", number->major, number->minor);

  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", file);
  if (write (fd, rule, (size_t) length) >= 0)
    return 0;
  if (errno == EPERM)
    return vtpm_error_set_plain (error, EPERM,
                                 "\"%s\" is refused, a cgroup above denies that device", rule);
  return vtpm_error_set (error, errno, "cannot write \"%s\" to %s", rule, file);
}

static void
take_back (int cgroup_fd, const char *path, struct vtpm_device_grant *grant)
{
  while (grant->count > 0)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;

      if (write_rule (cgroup_fd, "devices.deny", &grant->numbers[--grant->count], &problem) < 0)
        vtpm_log (VTPM_LOG_WARNING, "cgroup %s: %s", path, vtpm_error_message (problem));
    }
}

/* An unrestricted cgroup is left alone: there is nothing to allow, and denying
   the device again later would take away what was not ours to give, in the
   root cgroup from the whole host.  */
static int
allow (int cgroup_fd, const char *path, const struct vtpm_device_number *numbers, size_t count,
       struct vtpm_device_grant **grant, struct vtpm_error **error)
{
  struct vtpm_device_grant *made;
  bool unrestricted = false;

  if (check_unrestricted (cgroup_fd, &unrestricted, error) < 0)
    return -1;
  if (unrestricted)
    return 0;
  made = calloc (1, sizeof (*made) + count * sizeof (made->numbers[0]));
  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "rules");
  for (; made->count < count; made->count++)
    {
      if (write_rule (cgroup_fd, "devices.allow", &numbers[made->count], error) < 0)
        {
          take_back (cgroup_fd, path, made);
          free (made);
          return -1;
        }
      made->numbers[made->count] = numbers[made->count];
    }
  *grant = made;
  return 0;
}

static void
free_grant (struct vtpm_device_grant *grant)
{
  free (grant);
}

const struct vtpm_device_cgroup_ops vtpm_device_cgroup_v1 = {
  .allow = allow,
  .take_back = take_back,
  .free_grant = free_grant,
};
