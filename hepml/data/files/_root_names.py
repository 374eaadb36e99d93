def check_branch_names(names):
    pass


def check_field_names(names):
    pass
