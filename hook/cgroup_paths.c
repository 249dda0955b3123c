/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "cgroup_paths.h"

#include <string.h>
#include <sys/sysmacros.h>

/* One line of mountinfo; the strings are parts of the line.  */
struct mount
{
  dev_t device;
  char *root;
  char *mount_point;
  const char *type;
  char *super_options;
};

/* One line of /proc/PID/cgroup.  */
struct membership
{
  const char *hierarchy;
  char *controllers;
  const char *path;
};

/* Turns \ooo, which mountinfo has for blanks and backslashes, into the byte.  */
static void
unescape (char *text)
{
  char *to = text;

  for (const char *from = text; *from != '\0'; from++)
    if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7'
        && from[3] >= '0' && from[3] <= '7')
      {
        *to++ = (char) ((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
        from += 3;
      }
    else
      *to++ = *from;
  *to = '\0';
}

/* Whether the comma-separated LIST has WORD.  */
static bool
list_has (const char *list, const char *word)
{
  size_t length = strlen (word);

  for (const char *item = list; *item != '\0'; item += *item == ',')
    {
      size_t item_length = strcspn (item, ",");

      if (item_length == length && memcmp (item, word, length) == 0)
        return true;
      item += item_length;
    }
  return false;
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG]... - TYPE SOURCE SUPER-OPTIONS";
   a field may be empty.  Changes LINE.  Returns whether it is complete.  */
static bool
parse_mount (char *line, struct mount *mount)
{
  unsigned int major_number, minor_number;
  char *fields[6];
  char *word;

  for (size_t i = 0; i < sizeof (fields) / sizeof (fields[0]); i++)
    if ((fields[i] = strsep (&line, " ")) == NULL)
      return false;
  if (sscanf (fields[2], "%u:%u", &major_number, &minor_number) != 2)
    return false;
  do
    word = strsep (&line, " ");
  while (word != NULL && strcmp (word, "-") != 0);
  mount->type = strsep (&line, " ");
  strsep (&line, " ");
  mount->super_options = strsep (&line, " ");
  if (mount->type == NULL || mount->super_options == NULL)
    return false;
  mount->device = makedev (major_number, minor_number);
  mount->root = fields[3];
  mount->mount_point = fields[4];
  unescape (mount->root);
  unescape (mount->mount_point);
  return true;
}

/* "HIERARCHY:CONTROLLERS:PATH"; the path is not escaped and may have colons.
   Changes LINE.  Returns whether it is complete.  */
static bool
parse_membership (char *line, struct membership *membership)
{
  membership->hierarchy = strsep (&line, ":");
  membership->controllers = strsep (&line, ":");
  membership->path = line;
  return membership->controllers != NULL && membership->path != NULL && membership->path[0] == '/';
}

static bool
is_wanted (const struct membership *membership, enum vtpm_cgroup_version version)
{
  if (version == VTPM_CGROUP_V2)
    return strcmp (membership->hierarchy, "0") == 0 && membership->controllers[0] == '\0';
  return list_has (membership->controllers, "devices");
}

/* Finds the process's path in the hierarchy of VERSION.  Returns NULL when
   the process is in no such hierarchy, else a part of TEXT, which it
   changes.  */
static const char *
find_membership (char *text, enum vtpm_cgroup_version version)
{
  struct membership membership;
  char *line;

  while ((line = strsep (&text, "\n")) != NULL)
    if (parse_membership (line, &membership) && is_wanted (&membership, version))
      return membership.path;
  return NULL;
}

static int
find_path (const char *cgroup, enum vtpm_cgroup_version *version, char **path,
           struct vtpm_error **error)
{
  static const enum vtpm_cgroup_version preference[] = { VTPM_CGROUP_V1, VTPM_CGROUP_V2 };

  for (size_t i = 0; i < sizeof (preference) / sizeof (preference[0]); i++)
    {
      _cleanup_free_ char *text = strdup (cgroup);
      const char *found;

      if (text == NULL)
        return vtpm_error_set (error, ENOMEM, "cgroup");
      found = find_membership (text, preference[i]);
      if (found == NULL)
        continue;
      *version = preference[i];
      *path = strdup (found);
      return *path != NULL ? 0 : vtpm_error_set (error, ENOMEM, "cgroup");
    }
  return vtpm_error_set_plain (
      error, ENOENT, "the container is in no cgroup with the devices controller, v1 or v2");
}

/* Whether a component of PATH is "..".  */
static bool
leads_outside (const char *path)
{
  for (const char *found = strstr (path, "/.."); found != NULL; found = strstr (found + 1, "/.."))
    if (found[3] == '\0' || found[3] == '/')
      return true;
  return false;
}

static bool
is_of_version (const struct mount *mount, enum vtpm_cgroup_version version)
{
  if (version == VTPM_CGROUP_V2)
    return strcmp (mount->type, "cgroup2") == 0;
  return strcmp (mount->type, "cgroup") == 0 && list_has (mount->super_options, "devices");
}

/* What remains of PATH below ROOT, "" when they are the same, NULL when PATH
   is not there.  */
static const char *
path_below (const char *path, const char *root)
{
  size_t length = strcmp (root, "/") == 0 ? 0 : strlen (root);

  if (strncmp (path, root, length) != 0 || (path[length] != '\0' && path[length] != '/'))
    return NULL;
  return strcmp (path + length, "/") == 0 ? "" : path + length;
}

static int
find_mount (const char *mountinfo, const char *path, struct vtpm_cgroup_location *location,
            struct vtpm_error **error)
{
  _cleanup_free_ char *text = strdup (mountinfo);
  char *rest = text;
  char *line;

  if (text == NULL)
    return vtpm_error_set (error, ENOMEM, "mountinfo");
  while ((line = strsep (&rest, "\n")) != NULL)
    {
      struct mount mount;
      const char *below;

      if (!parse_mount (line, &mount) || !is_of_version (&mount, location->version))
        continue;
      below = path_below (path, mount.root);
      if (below == NULL)
        continue;
      if (asprintf (&location->path, "%s%s", mount.mount_point, below) < 0)
        {
          location->path = NULL;
          return vtpm_error_set (error, ENOMEM, "mountinfo");
        }
      location->device = mount.device;
      return 0;
    }
  return vtpm_error_set_plain (
      error, ENOENT, "no mount of %s shows the container's cgroup %s",
      location->version == VTPM_CGROUP_V1 ? "the devices controller (cgroup v1)" : "cgroup v2",
      path);
}

int
vtpm_cgroup_locate (const char *mountinfo, const char *cgroup,
                    struct vtpm_cgroup_location *location, struct vtpm_error **error)
{
  struct vtpm_cgroup_location found = { .path = NULL };
  _cleanup_free_ char *path = NULL;

  if (find_path (cgroup, &found.version, &path, error) < 0)
    return -1;
  if (leads_outside (path))
    return vtpm_error_set_plain (
        error, EXDEV, "the container's cgroup %s is outside of our cgroup namespace", path);
  if (find_mount (mountinfo, path, &found, error) < 0)
    return -1;
  *location = found;
  return 0;
}

bool
vtpm_cgroup_is_scope_child (const char *path)
{
  static const char ending[] = ".scope/container";
  size_t length = strlen (path);

  return length >= sizeof (ending) && strcmp (path + length - (sizeof (ending) - 1), ending) == 0
         && path[length - sizeof (ending)] != '/';
}

void
vtpm_cgroup_location_clear (struct vtpm_cgroup_location *location)
{
  vtpm_cleanup_free (&location->path);
  location->path = NULL;
}
