import { FlatList, StyleSheet, Text } from "react-native";
import { SafeAreaView } from "react-native-safe-area-context";

import { ActionRow } from "../components/action-row";
import { actionItems } from "../lib/companion";
import { useProgress } from "../lib/progress";

export default function ActionsScreen() {
  const done = useProgress((progress) => progress.done);
  const count = actionItems.filter((item) => done.has(item.id)).length;
  return (
    <SafeAreaView edges={["bottom"]} style={styles.screen}>
      <FlatList
        data={actionItems}
        keyExtractor={(item) => item.id}
        ListHeaderComponent={
          <Text style={styles.count}>
            {count} of {actionItems.length} done
          </Text>
        }
        renderItem={({ item }) => <ActionRow item={item} />}
      />
    </SafeAreaView>
  );
}

const styles = StyleSheet.create({
  screen: { flex: 1, padding: 16 },
  count: { fontSize: 16, fontWeight: "600" },
});
